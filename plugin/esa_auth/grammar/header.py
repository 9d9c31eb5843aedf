"""The three lines that open every native log file (also seen inside syslog)."""

from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import LogBegun, LogOffset, LogVersion

LOG_BEGINS = "Begin Logfile"
_SEEN = "Cribl sample of AsyncOS 7.6.3; AsyncOS user guide, logging chapter"

RULES = (
    Rule(
        name="log begun",
        family="header",
        lead="Begin",
        expression=LOG_BEGINS,
        build=lambda _: LogBegun(),
        sample=LOG_BEGINS,
        seen=_SEEN,
    ),
    Rule(
        name="log version",
        family="header",
        lead="Version",
        expression=r"Version: (\S{1,128}) SN: (\S{1,128})",
        build=lambda m: LogVersion(m[1], m[2]),
        sample="Version: 14.0.0-698 SN: 421F6D8FB9C75E19C425-C9AEA81B2B70",
        seen=_SEEN,
    ),
    Rule(
        name="log offset",
        family="header",
        lead="Time",
        expression=r"Time offset from UTC: (-?[0-9]{1,6}) seconds",
        # Real offsets stay within 14 hours; a wild one would move events by days.
        build=lambda m: LogOffset(int(m[1])) if abs(int(m[1])) <= 54000 else None,
        sample="Time offset from UTC: -21600 seconds",
        seen=_SEEN,
    ),
)

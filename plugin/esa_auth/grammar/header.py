"""The three lines that open every native log file (also seen inside syslog)."""

from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import LogBegun, LogOffset, LogVersion

_SEEN = "Cribl sample of AsyncOS 7.6.3; AsyncOS user guide, logging chapter"

RULES = (
    Rule(
        "log begun",
        "Begin",
        r"Begin Logfile",
        lambda _: LogBegun(),
        "Begin Logfile",
        _SEEN,
    ),
    Rule(
        "log version",
        "Version",
        r"Version: (\S{1,128}) SN: (\S{1,128})",
        lambda m: LogVersion(m[1], m[2]),
        "Version: 14.0.0-698 SN: 421F6D8FB9C75E19C425-C9AEA81B2B70",
        _SEEN,
    ),
    Rule(
        "log offset",
        "Time",
        r"Time offset from UTC: (-?[0-9]{1,6}) seconds",
        # Real offsets stay within 14 hours; a wild one would move events by days.
        lambda m: LogOffset(int(m[1])) if abs(int(m[1])) <= 54000 else None,
        "Time offset from UTC: -21600 seconds",
        _SEEN,
    ),
)

"""What stands before the body of a line: native, syslog, nested and doubled prefixes.

The forms are those of AsyncOS files, of its syslog push, and of what collectors make of
it: PRI or none, host or none, a year inside a BSD stamp, RFC 3339 stamps, RFC 5424
headers, a native stamp inside syslog (a file forwarder), a header twice. The program
name is the log subscription's, any text, and decides nothing.
"""

import re

from esa_auth.facts import Envelope

LEVELS = "Info|Warning|Critical|Debug|Trace|Alert|Error|Notice|Emergency"
MAX_PREFIX = 512

_NATIVE = rb"[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}[0-9]{1,2} [0-9:]{8} [0-9]{4}"
_BSD = rb"[A-Z][a-z]{2} {1,2}[0-9]{1,2} [0-9:]{8}(?: (?:19|20)[0-9]{2}(?= ))?"
_RFC3339 = (
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(?:[.,][0-9]{1,9})?"
    rb"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_STAMP = rb"(?:" + _BSD + rb"|" + _RFC3339 + rb")"
_ONLY_STAMP = re.compile(_STAMP)
_HEADER = (
    rb"(?P<stamp%d>" + _STAMP + rb") (?:(?P<host%d>[^\s:]\S{0,254}(?<!:)) )?"
    rb"(?:(?!(?:" + LEVELS.encode() + rb"):)(?P<program%d>[^\s<]{1,64}): {1,2})?"
)
_RFC5424 = (
    rb"1 (?P<stamp5>" + _RFC3339 + rb") (?P<host5>\S{1,255}) (?P<program5>\S{1,48}) "
    rb"\S{1,128} \S{1,32} (?:-|(?:\[[^\]]{0,300}\])+) {0,2}(?:\xef\xbb\xbf)?"
)
_PREFIX = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<(?P<priority>[0-9]{1,3})>)?"
    rb"(?:"
    + _RFC5424
    + rb"|(?!"
    + LEVELS.encode()
    + rb")"
    + (_HEADER % (1, 1, 1))
    + rb"(?:"
    + (_HEADER % (2, 2, 2))
    + rb")?)?"
    rb"(?:(?P<native>" + _NATIVE + rb") )?"
    rb"(?:(?P<level>" + LEVELS.encode() + rb"): )?"
)


def is_stamp(text: bytes) -> bool:
    """Return whether ``text`` is a stamp as syslog headers have one."""
    return _ONLY_STAMP.fullmatch(text) is not None


def has_prefix(line: bytes) -> bool:
    """Return whether ``line``, blanks before it left out, begins a record."""
    return read_prefix(line.lstrip(b" ")).body_at > 0


def read_prefix(line: bytes) -> Envelope:
    """Return what the prefix of ``line`` says and where the body begins.

    Never raises: a line without any known prefix has no stamp and its body is itself.
    """
    match = _PREFIX.match(line, 0, MAX_PREFIX)
    if match is None:
        return Envelope(0)
    found = {k: v.decode("utf-8", "replace") for k, v in match.groupdict().items() if v}
    get = found.get
    host = get("host2") or get("host1") or get("host5")
    program = get("program2") or get("program1") or get("program5")
    priority = get("priority")
    level = get("level")
    outer = get("stamp1") if get("stamp2") else None
    return Envelope(
        match.end(),
        get("native") or get("stamp2") or get("stamp1") or get("stamp5"),
        level.lower() if level else None,
        None if host == "-" else host,
        None if program == "-" else program,
        int(priority) if priority else None,
        outer[:10] if outer and outer[4] == "-" else None,
    )

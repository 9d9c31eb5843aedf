"""What stands before the body of a line, put together from the forms of `HEADS`.

Also what collectors leave at the ends of a line, and is no part of it.
"""

import re

from esa_auth.envelope.forms import BLANKS, BSD, HEADS, LEVELS, NATIVE, RFC3339
from esa_auth.model.facts import Envelope

# So much of a line is looked through. A host may have 255 bytes, and a head two.
MAX_PREFIX = 1024
# A head of more pieces is none that anybody wrote.
_MOST_PIECES = 16
_LEVEL = re.compile(rb"(?P<level>" + LEVELS + rb"):" + BLANKS + rb"*")
_LATER = tuple(head for head in HEADS if not head.first)
_MAPPED = "::ffff:"
_NOTHING = (None, b"", b"-")
# The end of a prefix of level Info, native or framed.
INFO = b" Info: "
# No longer prefix is remembered.
_LONGEST = 256
# Each appliance has one in a second, and those of other seconds are of no use again. A
# flood of names has more: then all go, for the next second needs others anyway.
_SECONDS_KEPT, _FEW, _MOST = 4, 1_000, 20_000
_BEGIN = re.compile(
    rb"(?:<(?P<priority>[0-9]{1,3})>)?"
    rb"(?:(?P<native>%b)|(?P<rfc3339>%b)|(?P<bsd>%b))" % (NATIVE, RFC3339, BSD)
)
# A native line of level Info, before its body. The character before the level is of the
# year, and not the colon of a program: a syslog header can be as long as a stamp.
NATIVE_INFO = rb".{23}[^:] Info: "
# A hole that logrotate's copytruncate left before the first line.
_HOLE = b"\0"
_BYTES = (b"\r", b"\0")
# A line feed, a carriage return and a NUL as rsyslog escapes them.
_ESCAPED = (b"#012", b"#015", b"#000")
CHANGED_ENDS = (*_BYTES, *_ESCAPED)


def start_of(line: bytes) -> int:
    """Return where ``line`` begins, behind a hole of NULs."""
    return len(line) - len(line.lstrip(_HOLE)) if line.startswith(_HOLE) else 0


def end_of(line: bytes) -> int:
    """Return where ``line`` ends, before what its line end became on the way."""
    end = len(line)
    while line.endswith(CHANGED_ENDS, 0, end):
        end -= 1 if line.endswith(_BYTES, 0, end) else len(_ESCAPED[0])
    return end


def has_prefix(line: bytes) -> bool:
    """Return whether ``line``, blanks before it left out, begins a record."""
    found = read_prefix(line)
    return bool(found.stamp or found.level) or found.priority is not None


def read_prefix(line: bytes) -> Envelope:
    """Return what the prefix of ``line`` says and where the body begins.

    Never raises: a line without any known prefix has no stamp and its body is itself.
    """
    found: dict[str, bytes] = {}
    at, pieces = 0, HEADS
    for _ in range(_MOST_PIECES):
        match = _LEVEL.match(line, at, MAX_PREFIX)
        if match is not None:
            found["level"] = match["level"]
            at = match.end()
            break
        for piece in pieces:
            match = piece.pattern.match(line, at, MAX_PREFIX)
            if match is not None:
                break
        if match is None or match.end() == at:
            break
        at = match.end()
        # RFC 5424 has a dash for nothing.
        said = {k: v for k, v in match.groupdict().items() if v not in _NOTHING}
        if "stamp" in said and "stamp" in found:
            found["around"] = found["stamp"]
        found.update(said)
        if "stamp" in found:
            pieces = _LATER
    return _envelope(found, at)


def _envelope(found: dict[str, bytes], at: int) -> Envelope:
    get = {k: v.decode("utf-8", "replace") for k, v in found.items()}.get
    level, priority, around = get("level"), get("priority"), get("around")
    return Envelope(
        at,
        get("stamp"),
        level.lower() if level else None,
        _address(get("host")),
        get("tag") or get("program"),
        int(priority) if priority else None,
        around[:10] if around and around[4] == "-" else None,
    )


def _address(host: str | None) -> str | None:
    """Return a host by one name: without brackets, and without mapping to IPv6."""
    if host is None:
        return None
    if host.startswith("[") and host.endswith("]") and ":" in host:
        host = host[1:-1]
    if host.lower().startswith(_MAPPED) and "." in host:
        host = host[len(_MAPPED) :]
    return host or None


class PrefixCache:
    """Parsed prefixes of lines of level Info, by their exact bytes.

    Lines of one appliance and second have equal prefixes. A prefix that differs from a
    known one in stamp and priority alone is not parsed either: what stands between
    stamp and level, its header, says the rest.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, Envelope] = {}
        self._headers: dict[tuple[str | None, bytes], Envelope] = {}

    def learn(self, line: bytes, at: int) -> Envelope | None:
        """Return the prefix of ``line`` and know it; None if it is not plainly one.

        ``at`` is where the first `INFO` of the line ends.
        """
        begin = _BEGIN.match(line)
        end = at - len(INFO)
        if begin is None or not begin.end() <= end <= _LONGEST:
            return None
        kind, header = begin.lastgroup, line[begin.end() : end]
        like = self._headers.get((kind, header))
        if like is None:
            like = read_prefix(line)
            if not _is_plain(like, at, begin, header):
                return None
            if len(self._headers) >= _MOST:
                self._headers.clear()
            self._headers[kind, header] = like
        priority = begin["priority"]
        envelope = like._replace(
            body_at=at,
            stamp=begin[kind or 0].decode("ascii"),
            priority=int(priority) if priority else None,
        )
        most = _FEW + _SECONDS_KEPT * len(self._headers)
        if len(self.known) >= min(most, _MOST):
            self.known.clear()
        self.known[line[:at]] = envelope
        return envelope


def _is_plain(
    envelope: Envelope, at: int, begin: re.Match[bytes], header: bytes
) -> bool:
    """Whether lines that differ in stamp and priority alone are read alike."""
    stamp = begin[begin.lastgroup or 0]
    # Not with a stamp inside, which would be another one in the next line, nor with a
    # priority, of which only the one that begins a line is told again.
    return (
        envelope.level == "info"
        and envelope.body_at == at
        and (envelope.stamp or "").encode() == stamp
        and stamp not in header
        and b"<" not in header
    )

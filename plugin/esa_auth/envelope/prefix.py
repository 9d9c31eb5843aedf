"""What stands before the body of a line, put together from the forms of `HEADS`."""

import re

from esa_auth.envelope.forms import BLANKS, HEADS, LEVELS, STAMP
from esa_auth.model.facts import Envelope

# So much of a line is looked through. A host may have 255 bytes, and a head two.
MAX_PREFIX = 1024
# A head of more pieces is none that anybody wrote.
_MOST_PIECES = 16
_LEVEL = re.compile(rb"(?P<level>" + LEVELS + rb"):" + BLANKS + rb"*")
_FIRST = tuple(re.compile(head.expression) for head in HEADS)
_LATER = tuple(p for head, p in zip(HEADS, _FIRST, strict=True) if not head.first)
_ONLY_STAMP = re.compile(STAMP)
_MAPPED = "::ffff:"
_NOTHING = (None, b"", b"-")


def is_stamp(text: bytes) -> bool:
    """Return whether ``text`` is a stamp as syslog headers have one."""
    return _ONLY_STAMP.fullmatch(text) is not None


def has_prefix(line: bytes) -> bool:
    """Return whether ``line``, blanks before it left out, begins a record."""
    found = read_prefix(line)
    return bool(found.stamp or found.level) or found.priority is not None


def read_prefix(line: bytes) -> Envelope:
    """Return what the prefix of ``line`` says and where the body begins.

    Never raises: a line without any known prefix has no stamp and its body is itself.
    """
    found: dict[str, bytes] = {}
    at, pieces = 0, _FIRST
    for _ in range(_MOST_PIECES):
        match = _LEVEL.match(line, at, MAX_PREFIX)
        if match is not None:
            found["level"] = match["level"]
            at = match.end()
            break
        for piece in pieces:
            match = piece.match(line, at, MAX_PREFIX)
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

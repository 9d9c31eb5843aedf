"""What collectors leave at the ends of a line, and is no part of it."""

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

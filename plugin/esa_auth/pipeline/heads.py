"""What stands before the body of a framed line, known again by its bytes."""

import re

from esa_auth.envelope import is_stamp
from esa_auth.model.facts import Envelope
from esa_auth.pipeline.population import MOST_APPLIANCES

INFO = b": Info: "
# No longer head is known again.
_LONGEST = 256
# Each appliance has one in a second. A flood of names has more: then all go, for the
# next second needs others anyway.
_MOST = 2 * MOST_APPLIANCES
_PRIORITY = re.compile(rb"<[0-9]{1,3}>")


class Heads:
    """Heads of lines of level Info; equal bytes say the same.

    What a head was read as is taken from the first line that has its header, which is
    what stands between stamp and level.
    """

    def __init__(self) -> None:
        # By all of their bytes: lines of one appliance and second have the same.
        self.known: dict[bytes, Envelope] = {}
        self._headers: dict[bytes, Envelope] = {}
        self._begin, self._stamp = b"", ""
        self._priority: int | None = None

    def read(self, line: bytes, at: int) -> Envelope | None:
        """Return what the head that ends at ``at`` says, if its header is known."""
        start = line.find(b">", 0, 6) + 1
        cut = start + 15
        if line[start : start + 1].isdigit():
            cut = line.find(b" ", start, start + 40)
        end = at - len(INFO)
        if not cut < end <= _LONGEST - len(INFO):
            return None
        header = self._headers.get(line[cut:end])
        if header is None:
            return None
        begin = line[:cut]
        if begin != self._begin and not self._begins(begin, start):
            return None
        prefix = Envelope(
            at, self._stamp, "info", header.host, header.program, self._priority
        )
        if len(self.known) >= _MOST:
            self.known.clear()
        self.known[line[:at]] = prefix
        return prefix

    def remember(self, line: bytes, prefix: Envelope) -> None:
        """Know the header of ``line`` again, which was read as ``prefix``."""
        start = line.find(b">", 0, 6) + 1
        stamp = (prefix.stamp or "").encode()
        end = prefix.body_at - len(INFO)
        plain = line.startswith(stamp, start) and line[end : end + len(INFO)] == INFO
        header = line[start + len(stamp) : end]
        # Not with a stamp inside, which would be another one in the next line, nor with
        # a priority, of which only the one that begins a line is told again.
        if stamp and plain and stamp not in header and b"<" not in header:
            if len(self._headers) >= _MOST:
                self._headers.clear()
            self._headers[header] = prefix

    def _begins(self, begin: bytes, start: int) -> bool:
        """Take priority and stamp; return whether they are what they seem."""
        if start and not _PRIORITY.fullmatch(begin, 0, start):
            return False
        stamp = begin[start:]
        if not is_stamp(stamp):
            return False
        self._begin, self._stamp = begin, stamp.decode("ascii")
        self._priority = int(begin[1 : start - 1]) if start else None
        return True

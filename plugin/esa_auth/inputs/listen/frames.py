"""The bytes of a connection -> messages, cut by newlines or by their lengths."""

import re

from esa_auth.inputs.decode import LineSplitter

_COUNT = re.compile(rb"([1-9][0-9]{0,8}) ")
_PERHAPS = re.compile(rb"(?:[1-9][0-9]{0,8})?")


class FrameError(ValueError):
    """Nothing more can be told apart on this connection.

    Attributes:
        messages: What came before, which is good.
        raw: What comes next.
    """

    def __init__(self, messages: list[bytes], raw: bytes) -> None:
        super().__init__("no length where the next message begins")
        self.messages, self.raw = messages, raw


class Frames:
    """Cuts one connection as its first bytes say, and never in another way later.

    A message is given without its end; of one longer than ``longest`` bytes one byte
    more than that. A sender that counts begins with digits and a blank, as no log does
    (octet counting, RFC 6587, 3.4.1).
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._start = b""
        self._cut: LineSplitter | _Counted | None = None

    def feed(self, block: bytes) -> list[bytes]:
        """Return the messages that ``block`` completes.

        Raises:
            FrameError: a sender that counts gives no length.
        """
        if self._cut is None:
            self._start += block
            if _PERHAPS.fullmatch(self._start):
                return []
            counts = _COUNT.match(self._start) is not None
            self._cut = (_Counted if counts else LineSplitter)(self._longest)
            block, self._start = self._start, b""
        return self._cut.feed(block)

    def rest(self) -> bytes:
        """Return the beginning of a message whose end has not come."""
        if self._cut is None:
            return self._start
        return b"".join(self._cut.finish())


class _Counted:
    """``LENGTH MESSAGE``, the length in bytes."""

    def __init__(self, longest: int) -> None:
        self._keep = longest + 1
        self._rest = b""
        self._passed_over = 0

    def feed(self, block: bytes) -> list[bytes]:
        found: list[bytes] = []
        data, at = self._rest + block, 0
        while True:
            step = min(self._passed_over, len(data) - at)
            at, self._passed_over = at + step, self._passed_over - step
            count = _COUNT.match(data, at)
            if count is None:
                break
            start, length = count.end(), int(count[1])
            kept = min(length, self._keep)
            if len(data) - start < kept:
                break
            found.append(one_line(data[start : start + kept]))
            at, self._passed_over = start + kept, length - kept
        self._rest = data[at:]
        if count is None and not _PERHAPS.fullmatch(self._rest):
            raise FrameError(found, self._rest)
        return found

    def finish(self) -> list[bytes]:
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def one_line(message: bytes) -> bytes:
    """Return a counted message or a datagram as one line.

    A line feed inside it is somebody's text, and must not begin a line: it becomes a
    blank. One at the end, as some senders add, is none of it.
    """
    line = message.rstrip(b"\r\n\0")
    return line.replace(b"\n", b" ") if b"\n" in line else line

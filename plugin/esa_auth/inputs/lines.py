"""Blocks of bytes -> lines, split on LF only and bounded while they are read."""

from collections.abc import Callable, Iterable
from typing import Protocol

from esa_auth.inputs.records import Broken, Lines, Piece, Terms


class LineSplitter:
    """Gives whole lines without their newline.

    A line longer than ``max_line`` bytes is cut to ``max_line + 1``, by which the
    reader of the line knows; what follows up to its newline is passed over.
    """

    def __init__(self, max_line: int) -> None:
        self._keep = max_line + 1
        self._rest = b""
        self._skipping = False

    def feed(self, block: bytes) -> list[bytes]:
        """Return the lines that ``block`` completes."""
        if self._skipping:
            _, newline, block = block.partition(b"\n")
            if not newline:
                return []
            done = [self._rest]
            self._rest, self._skipping = b"", False
        else:
            done = []
        data, keep = self._rest + block, self._keep
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > keep:
            # A hole that copytruncate of logrotate left in a file may be of any size.
            rest = self._rest.lstrip(b"\0")
            self._rest, self._skipping = rest[:keep], len(rest) > keep
        longer = len(data) > keep and _may_hold_longer(data, keep)
        if longer and lines and max(map(len, lines)) > keep:
            lines = [x if len(x) <= keep else x.lstrip(b"\0")[:keep] for x in lines]
        return done + lines if done else lines

    def finish(self) -> list[bytes]:
        """Return the last line if it had no newline."""
        rest, self._rest, self._skipping = self._rest, b"", False
        return [rest] if rest else []


def _may_hold_longer(data: bytes, length: int) -> bool:
    """Return whether a line of ``data`` may be longer than ``length`` bytes.

    One that is goes over the whole of a stretch of half its length, wherever it begins.
    """
    step = length // 2 + 1
    return any(
        data.find(b"\n", at, at + step) < 0
        for at in range(0, len(data) - step + 1, step)
    )


class LineForm(Protocol):
    """A framing whose every line stands for itself."""

    #: Whether a line that can be read was not cut, whatever stands behind it.
    is_whole_by_itself: bool
    #: Bytes that a line may have, with what is around it.
    longest: int

    def read(self, lines: list[bytes]) -> Iterable[Piece]:
        """Read lines, each cut to ``longest`` + 1 at most."""


class LineReader:
    """A stream of lines in one form."""

    def __init__(self, form: LineForm) -> None:
        self._form = form
        self._lines = LineSplitter(form.longest)

    def feed(self, block: bytes) -> Iterable[Piece]:
        """See `framings.Reader.feed`."""
        return self._form.read(self._lines.feed(block))

    def finish(self) -> Iterable[Piece]:
        """See `framings.Reader.finish`."""
        return self._form.read(self._lines.finish())

    def cut_off(self) -> Iterable[Piece]:
        """See `framings.Reader.cut_off`."""
        rest = self._lines.finish()
        if self._form.is_whole_by_itself:
            found = list(self._form.read(rest))
            if not any(isinstance(some, Broken) for some in found):
                return found
        return [Broken.cut(raw) for raw in rest]

    def message(self, value: bytes) -> Iterable[Piece]:
        """See `framings.Reader.message`."""
        return self._form.read(value.removesuffix(b"\n").split(b"\n"))


class TextLines:
    """The framings native and syslog: lines as they are, nothing around them."""

    is_whole_by_itself = False

    def __init__(self, terms: Terms) -> None:
        self.longest = terms.max_line

    def read(self, lines: list[bytes]) -> Iterable[Piece]:
        """Return the lines."""
        return (Lines(lines),)


class Joiner:
    """Puts lines together that a document wrapped: no prefix means continuation.

    For wrapped copies of logs only (Cisco's note and its PDF wrap at a blank): in a
    live log a line without prefix is somebody's text.
    """

    def __init__(self, begins_record: Callable[[bytes], bool], max_line: int) -> None:
        self._begins_record = begins_record
        self._keep = max_line + 1
        # The parts of the record in hand, and their length with blanks between.
        self._held: list[bytes] = []
        self._length = 0
        self.joined = 0

    def feed(self, lines: list[bytes]) -> list[bytes]:
        """Return the records known to be complete."""
        done = []
        for line in lines:
            text = line.strip()
            if not self._held or self._begins_record(line):
                done += self.finish()
                self._held, self._length = [text], len(text)
            elif text:
                self.joined += 1
                # A record that is too long already is cut as a line would be.
                if self._length <= self._keep:
                    self._held.append(text)
                    self._length += 1 + len(text)
        return done

    def finish(self) -> list[bytes]:
        """Return the last record."""
        held, self._held = self._held, []
        return [b" ".join(held)[: self._keep]] if held else []

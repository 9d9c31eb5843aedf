"""Blocks of bytes -> lines or records, bounded while they are read, for the pipeline.

`inputs.framings` is the table of framings; what its rows are made of is here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from esa_auth.inputs.records import Broken, Lines, Piece, Record, Terms
from esa_auth.inputs.wrapped import Joiner


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


class Reader(Protocol):
    """Reads one stream, or messages that stand for themselves."""

    def feed(self, block: bytes) -> Iterable[Piece]:
        """Read what ``block`` completes.

        Raises:
            EOFError: after the last piece, if nothing more can be read of the stream.
        """

    def finish(self) -> Iterable[Piece]:
        """Read what was held back at the end of the stream."""

    def cut_off(self) -> Iterable[Piece]:
        """Refuse what the stream broke off in, unless it is whole all the same."""

    def message(self, value: bytes) -> Iterable[Piece]:
        """Read a message that is whole; the stream is not touched."""


class LineReader:
    """A stream of lines in one form."""

    def __init__(self, form: LineForm) -> None:
        self._form = form
        self._lines = LineSplitter(form.longest)

    def feed(self, block: bytes) -> Iterable[Piece]:
        """See `Reader.feed`."""
        return self._form.read(self._lines.feed(block))

    def finish(self) -> Iterable[Piece]:
        """See `Reader.finish`."""
        return self._form.read(self._lines.finish())

    def cut_off(self) -> Iterable[Piece]:
        """See `Reader.cut_off`."""
        rest = self._lines.finish()
        if self._form.is_whole_by_itself:
            found = list(self._form.read(rest))
            if not any(isinstance(some, Broken) for some in found):
                return found
        return [Broken.cut(raw) for raw in rest]

    def message(self, value: bytes) -> Iterable[Piece]:
        """See `Reader.message`."""
        return self._form.read(value.removesuffix(b"\n").split(b"\n"))


class TextLines:
    """The framings native and syslog: lines as they are, nothing around them."""

    is_whole_by_itself = False

    def __init__(self, terms: Terms) -> None:
        self.longest = terms.max_line

    def read(self, lines: list[bytes]) -> Iterable[Piece]:
        """Return the lines."""
        return (Lines(lines),)


@dataclass(frozen=True, slots=True)
class Framing:
    """A row of the table.

    Attributes:
        name: What `input.format` calls it.
        reader: Returns a reader for one stream.
        lines: Returns how a line is read, of a framing of lines.
        begins: Tells by the first byte of an input that it is in this framing.
    """

    name: str
    reader: Callable[[Terms], Reader]
    lines: Callable[[Terms], LineForm] | None = None
    begins: Callable[[int], bool] = lambda first: False


def recognised(rows: Sequence[Framing], first: int, *, lines: bool = False) -> Framing:
    """Return the framing of an input by its ``first`` byte that is no line end.

    It is the first of ``rows`` if no other knows it. ``lines`` says that the input is
    cut into lines: then no framing of anything else is meant.
    """
    for row in rows:
        if row.begins(first) and (row.lines is not None or not lines):
            return row
    return rows[0]


class Sink(Protocol):
    """The part of the pipeline that takes input."""

    def feed(self, lines: list[bytes]) -> None:
        """Take text lines."""

    def feed_records(self, records: list[Record]) -> None:
        """Take records."""

    def reject(self, raw: bytes, why: str, reason: str) -> None:
        """Take what is neither."""


class Decoder:
    """Cuts one stream into lines or records and hands them on, in order."""

    def __init__(
        self,
        sink: Sink,
        framings: Sequence[Framing],
        terms: Terms,
        begins_record: Callable[[bytes], bool] | None = None,
        *,
        lines: bool = False,
    ) -> None:
        """``framings`` are those that may come; of several the first byte tells.

        With ``begins_record``, text lines of which it is not true continue the one
        before. ``lines`` says that the input is cut into lines: then it is never
        one of anything else.
        """
        self._sink = sink
        self._terms, self._lines = terms, lines
        self._framings, self._recognised = framings, len(framings) == 1
        # Until the first byte tells, blank lines are text.
        row = framings[0]
        self._reader = row.reader(self._terms)
        wrapped = begins_record if row.lines is TextLines else None
        self._joiner = Joiner(wrapped, terms.max_line) if wrapped else None
        # Records that could not be read.
        self.broken = 0

    @property
    def longest(self) -> int:
        """Bytes that the longest line may have with what its framing adds."""
        forms = [row.lines(self._terms) for row in self._framings if row.lines]
        return max((form.longest for form in forms), default=self._terms.max_line)

    @property
    def joined(self) -> int:
        """Physical lines that were joined to the one before."""
        return self._joiner.joined if self._joiner else 0

    def feed(self, block: bytes) -> bool:
        """Take a block; False means that nothing more can be read of this stream."""
        if not self._recognised:
            block = self._recognise(block)
        try:
            self._hand_on(self._reader.feed(block))
        except EOFError:
            return False
        return True

    def finish(self) -> None:
        """Take what was held back at the end of the stream."""
        self._hand_on(self._reader.finish())
        self._hand_on_joined()

    def reject_rest(self) -> None:
        """Refuse what the stream broke off in: what is read of it may lie.

        A JSON document that is complete is read, for it tells its own end.
        """
        pieces = list(self._reader.cut_off())
        if self._joiner:
            # What goes on in the rest, or could have, is not complete either.
            rest = [piece.raw for piece in pieces if isinstance(piece, Broken)]
            self._sink.feed(self._joiner.feed(rest))
            held = self._joiner.finish() if rest else []
            pieces = [Broken.cut(raw) for raw in held]
        self._hand_on(pieces)
        self._hand_on_joined()

    def _recognise(self, block: bytes) -> bytes:
        """Tell the framing by the first byte that begins no empty line."""
        start = block.lstrip(b"\r\n")
        if not start:
            return block
        self._recognised = True
        row = recognised(self._framings, start[0], lines=self._lines)
        if row is self._framings[0]:
            return block
        # As if they had come in a block of their own, which is read as text.
        self._hand_on(self._reader.feed(block[: len(block) - len(start)]))
        self._hand_on_joined()
        self._reader, self._joiner = row.reader(self._terms), None
        return start

    def _hand_on(self, found: Iterable[Piece]) -> None:
        for some in found:
            if isinstance(some, Lines):
                lines = some.lines
                self._sink.feed(self._joiner.feed(lines) if self._joiner else lines)
            elif isinstance(some, Broken):
                self.broken += some.kind == "broken_record"
                self._sink.reject(some.raw, some.kind, some.reason)
            else:
                self._sink.feed_records(some)

    def _hand_on_joined(self) -> None:
        if self._joiner:
            self._sink.feed(self._joiner.finish())

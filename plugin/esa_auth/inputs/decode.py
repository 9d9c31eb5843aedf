"""Blocks of bytes, or messages of a topic -> what the pipeline takes."""

from collections.abc import Callable, Iterable
from typing import Protocol

from esa_auth.inputs.framings import AUTO, FRAMINGS, Reader, framing, recognised
from esa_auth.inputs.lines import Joiner
from esa_auth.inputs.records import Broken, Keys, Lines, Piece, Record, Terms
from esa_auth.inputs.text import TextLines


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
        form: str,
        keys: Keys,
        max_line: int,
        begins_record: Callable[[bytes], bool] | None = None,
        *,
        lines: bool = False,
    ) -> None:
        """``form`` is `AUTO` or the name of a framing.

        With ``begins_record``, text lines of which it is not true continue the one
        before. ``lines`` says that the input is cut into lines: then auto is never
        a framing of anything else.
        """
        self._sink = sink
        self._terms, self._lines = Terms(keys, max_line), lines
        self._recognised = form != AUTO
        # Until the first byte tells, blank lines are text.
        row = framing(form) if self._recognised else FRAMINGS[0]
        self._reader = row.reader(self._terms)
        wrapped = begins_record if row.lines is TextLines else None
        self._joiner = Joiner(wrapped, max_line) if wrapped else None
        # Records that could not be read.
        self.broken = 0

    @property
    def longest(self) -> int:
        """Bytes that the longest line may have with what its framing adds."""
        return max(row.lines(self._terms).longest for row in FRAMINGS if row.lines)

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
        row = recognised(start[0], lines=self._lines)
        if row is FRAMINGS[0]:
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


class MessageReader:
    """Reads values that stand for themselves: each is whole, and of any framing."""

    def __init__(self, form: str, keys: Keys, max_line: int) -> None:
        """``form`` is `AUTO` or the name of a framing."""
        self._terms = Terms(keys, max_line)
        self._readers: dict[str, Reader] = {
            row.name: row.reader(self._terms) for row in FRAMINGS
        }
        self._only = None if form == AUTO else self._readers[form]

    def read(self, value: bytes) -> Iterable[list[Record] | Broken]:
        """Return the physical lines of ``value``, and what is none, in order."""
        reader = self._only
        if reader is None:
            start = value.lstrip(b"\r\n")
            reader = self._readers[recognised(start[0] if start else 0).name]
        # One byte more than a line may have tells the pipeline that it was cut.
        keep = self._terms.max_line + 1
        for piece in reader.message(value):
            if isinstance(piece, Lines):
                yield [(line[:keep], None, None) for line in piece.lines]
            else:
                yield piece

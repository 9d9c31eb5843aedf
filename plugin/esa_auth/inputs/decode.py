"""Blocks of bytes -> what the pipeline takes, whatever the framing is."""

from collections.abc import Callable, Iterable
from typing import Protocol

from esa_auth.inputs.lines import Joiner, LineSplitter
from esa_auth.inputs.packed import MsgpackReader
from esa_auth.inputs.records import Broken, Keys, Record, RecordReader
from esa_auth.inputs.senders import LONGEST, SenderReader


class Sink(Protocol):
    """The part of the pipeline that takes input."""

    def feed(self, lines: list[bytes]) -> None:
        """Take text lines."""

    def feed_records(self, records: list[Record]) -> None:
        """Take records."""

    def reject(self, raw: bytes, why: str, reason: str) -> None:
        """Take what is neither."""


class Decoder:
    """Cuts blocks into lines or records and hands them on, in order."""

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
        """``form`` is auto, native, syslog, sender, json or msgpack.

        With ``begins_record``, lines of which it is not true continue the one before.
        ``lines`` says that the input is cut into lines: then auto is never msgpack.
        """
        self._sink = sink
        self._form, self._lines = form, lines
        records = RecordReader(keys, max_line)
        # A record wraps its line: escapes double it, other fields come with it.
        self._text = LineSplitter(max_line)
        self._longest = max_line * 4
        self._json = LineSplitter(self._longest)
        self._sent = LineSplitter(max_line + LONGEST)
        self._senders = SenderReader(max_line)
        self._records = records
        self._msgpack = MsgpackReader(records, max_line)
        self._joiner = Joiner(begins_record, max_line) if begins_record else None
        # Records that could not be read.
        self.broken = 0

    @property
    def longest(self) -> int:
        """Bytes that the longest line may have with what its framing adds."""
        return self._longest

    @property
    def joined(self) -> int:
        """Physical lines that were joined to the one before."""
        return self._joiner.joined if self._joiner else 0

    def feed(self, block: bytes) -> bool:
        """Take a block; False means that nothing more can be read of this stream."""
        if self._form == "auto":
            block = self._recognise(block)
        if self._form == "msgpack":
            return self._feed_msgpack(block)
        if self._form == "json":
            self._hand_on(self._records.json_lines(self._json.feed(block)))
        elif self._form == "sender":
            self._hand_on(self._senders.read(self._sent.feed(block)))
        else:
            self._feed_text(self._text.feed(block))
        return True

    def finish(self) -> None:
        """Take what was held back at the end of the stream."""
        if self._form == "json":
            self._hand_on(self._records.json_lines(self._json.finish()))
        elif self._form == "msgpack":
            self._hand_on(self._msgpack.finish())
        elif self._form == "sender":
            self._hand_on(self._senders.read(self._sent.finish()))
        else:
            self._finish_text()

    def _recognise(self, block: bytes) -> bytes:
        """Tell the form by the first byte that begins no empty line."""
        start = block.lstrip(b"\r\n")
        if not start:
            return block
        self._form = form_of(start[0])
        if self._form == "msgpack" and self._lines:
            self._form = "text"
        if self._form == "text":
            return block
        # As if they had come in a block of their own, which is read as text.
        self._feed_text(self._text.feed(block[: len(block) - len(start)]))
        return start

    def _finish_text(self) -> None:
        self._feed_text(self._text.finish())
        if self._joiner:
            self._sink.feed(self._joiner.finish())

    def reject_rest(self) -> None:
        """Refuse what the stream broke off in: what is read of it may lie.

        A JSON document that is complete is read, for it tells its own end.
        """
        if self._form == "json":
            found = list(self._records.json_lines(rest := self._json.finish()))
            if not any(isinstance(some, Broken) for some in found):
                self._hand_on(found)
                return
        elif self._form == "msgpack":
            rest = [broken.raw for broken in self._msgpack.finish()]
        elif self._form == "sender":
            rest = self._sent.finish()
        else:
            rest = self._text_cut()
        for raw in rest:
            self._sink.reject(raw, "cut", "the input breaks off inside this line")

    def _text_cut(self) -> list[bytes]:
        rest = self._text.finish()
        if self._joiner is None:
            return rest
        # What goes on in the rest, or could have, is not complete either.
        self._sink.feed(self._joiner.feed(rest))
        return self._joiner.finish() if rest else self._handed_on()

    def _handed_on(self) -> list[bytes]:
        if self._joiner:
            self._sink.feed(self._joiner.finish())
        return []

    def _feed_text(self, lines: list[bytes]) -> None:
        self._sink.feed(self._joiner.feed(lines) if self._joiner else lines)

    def _feed_msgpack(self, block: bytes) -> bool:
        try:
            self._hand_on(self._msgpack.feed(block))
        except EOFError:
            return False
        return True

    def _hand_on(self, found: Iterable[list[Record] | Broken]) -> None:
        for some in found:
            if isinstance(some, list):
                self._sink.feed_records(some)
            else:
                self.broken += 1
                self._sink.reject(some.raw, "broken_record", some.reason)


def form_of(first: int) -> str:
    """Tell json, msgpack or text by the first byte."""
    if first == ord("{"):
        return "json"
    # fixmap, map 16, map 32: https://github.com/msgpack/msgpack/blob/master/spec.md
    return "msgpack" if 0x80 <= first <= 0x8F or first in (0xDE, 0xDF) else "text"

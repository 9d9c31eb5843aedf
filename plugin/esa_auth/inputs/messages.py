"""The value of one message of a topic -> lines."""

from collections.abc import Iterable

from esa_auth.inputs.decode import form_of
from esa_auth.inputs.packed import MsgpackReader
from esa_auth.inputs.records import Broken, Keys, Record, RecordReader
from esa_auth.inputs.senders import SenderReader


class MessageReader:
    """Reads values that stand for themselves: each is whole, and of any framing."""

    def __init__(self, form: str, keys: Keys, max_line: int) -> None:
        """``form`` is auto, native, syslog, sender, json or msgpack."""
        self._form = form
        self._records = RecordReader(keys, max_line)
        self._senders = SenderReader(max_line)
        self._max_line = max_line

    def read(self, value: bytes) -> Iterable[list[Record] | Broken]:
        """Return the physical lines of ``value``, and what is none, in order."""
        form = self._form
        if form == "auto":
            start = value.lstrip(b"\r\n")
            form = form_of(start[0]) if start else "text"
        if form == "json":
            return self._records.json_lines(value.split(b"\n"))
        if form == "msgpack":
            return self._msgpack(value)
        if form == "sender":
            return self._senders.read(value.removesuffix(b"\n").split(b"\n"))
        # One byte more than a line may have tells the pipeline that it was cut.
        keep = self._max_line + 1
        lines = value.removesuffix(b"\n").split(b"\n")
        return ([(line[:keep], None, None) for line in lines],)

    def _msgpack(self, value: bytes) -> Iterable[list[Record] | Broken]:
        reader = MsgpackReader(self._records, self._max_line)
        try:
            yield from reader.feed(value)
        except EOFError:
            return
        yield from reader.finish()

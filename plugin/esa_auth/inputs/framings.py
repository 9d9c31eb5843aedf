"""The table of framings: how bytes are cut into lines, and what is around a line.

A new framing is a file with its reader and a row here. Options, configuration, Kafka
and `listen` take their names and their readers from this table.
"""

from collections.abc import Callable, Iterable

from esa_auth.inputs.decode import (
    Framing,
    LineForm,
    LineReader,
    Reader,
    TextLines,
    recognised,
)
from esa_auth.inputs.json_lines import JsonLines
from esa_auth.inputs.packed import MsgpackReader
from esa_auth.inputs.records import Broken, Lines, Record, Terms
from esa_auth.inputs.senders import SenderLines

#: The choice that is no framing: the first byte tells it.
AUTO = "auto"


def of_lines(
    name: str,
    form: Callable[[Terms], LineForm],
    begins: Callable[[int], bool] = lambda first: False,
) -> Framing:
    """Return the row of a framing whose every line stands for itself."""
    return Framing(name, lambda terms: LineReader(form(terms)), form, begins)


def _is_map(first: int) -> bool:
    # fixmap, map 16, map 32: https://github.com/msgpack/msgpack/blob/master/spec.md
    return 0x80 <= first <= 0x8F or first in (0xDE, 0xDF)


FRAMINGS = [
    # The first row is what an input is in that no other row knows.
    of_lines("native", TextLines),
    of_lines("syslog", TextLines),
    of_lines("sender", SenderLines),
    of_lines("json", JsonLines, begins=lambda first: first == ord("{")),
    Framing("msgpack", MsgpackReader, begins=_is_map),
]


def names() -> list[str]:
    """Return what `input.format` may be."""
    return [AUTO, *(framing.name for framing in FRAMINGS)]


def among(form: str) -> list[Framing]:
    """Return the framings that an input may be in, of which ``form`` is said.

    Raises:
        KeyError: it is neither `AUTO` nor the name of a framing.
    """
    if form == AUTO:
        return FRAMINGS
    return [{row.name: row for row in FRAMINGS}[form]]


class MessageReader:
    """Reads values that stand for themselves: each is whole, and of any framing."""

    def __init__(self, form: str, terms: Terms) -> None:
        """``form`` is `AUTO` or the name of a framing."""
        self._terms = terms
        self._readers: dict[str, Reader] = {
            row.name: row.reader(terms) for row in FRAMINGS
        }
        self._only = None if form == AUTO else self._readers[form]

    def read(self, value: bytes) -> Iterable[list[Record] | Broken]:
        """Return the physical lines of ``value``, and what is none, in order."""
        reader = self._only
        if reader is None:
            start = value.lstrip(b"\r\n")
            reader = self._readers[recognised(FRAMINGS, start[0] if start else 0).name]
        # One byte more than a line may have tells the pipeline that it was cut.
        keep = self._terms.max_line + 1
        for piece in reader.message(value):
            if isinstance(piece, Lines):
                yield [(line[:keep], None, None) for line in piece.lines]
            else:
                yield piece

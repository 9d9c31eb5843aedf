"""The table of framings: how bytes are cut into lines, and what is around a line.

A new framing is a file with its reader and a row here. Options, configuration, Kafka
and `listen` take their names and their readers from this table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from esa_auth.inputs.json_lines import JsonLines
from esa_auth.inputs.lines import LineSplitter
from esa_auth.inputs.packed import MsgpackReader
from esa_auth.inputs.records import Broken, Piece, Terms
from esa_auth.inputs.senders import SenderLines
from esa_auth.inputs.text import TextLines

#: The choice that is no framing: the first byte tells it.
AUTO = "auto"


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


def framing(name: str) -> Framing:
    """Return the row of ``name``.

    Raises:
        KeyError: there is none.
    """
    return {row.name: row for row in FRAMINGS}[name]


def recognised(first: int, *, lines: bool = False) -> Framing:
    """Return the framing of an input by its ``first`` byte that is no line end.

    ``lines`` says that the input is cut into lines: then no other framing is meant.
    """
    for row in FRAMINGS:
        if row.begins(first) and (row.lines is not None or not lines):
            return row
    return FRAMINGS[0]

"""What the follower hands on."""

from dataclasses import dataclass
from typing import Literal

#: What stands at an offset: the start of a file, where NULs are passed over; the start
#: of a line; or the inside of an over-long line, whose rest is passed over.
Mode = Literal["start", "line", "skip"]


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file has been handed on: ``offset`` in bytes, of the plain text."""

    offset: int = 0
    mode: Mode = "start"


#: Bytes of `Chunk.opening`: an appliance's header takes about 150.
OPENING = 1024

#: Nothing has been handed on.
START = Position()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some consecutive lines of one file.

    Attributes:
        lines: Without their newline; a carriage return is kept.
        truncated: Indexes into ``lines`` of those cut at the longest length allowed.
        path: Where the file was last seen.
        log: Which log it is a part of: the same for all files of one rotation.
        start: Offset in bytes of the first line in the (uncompressed) file.
        position: Where the file goes on after these lines.
        opening: The first bytes of the file, in which its writer may name itself.
    """

    lines: list[bytes]
    truncated: tuple[int, ...]
    path: str
    log: str
    start: int
    position: Position
    opening: bytes = b""

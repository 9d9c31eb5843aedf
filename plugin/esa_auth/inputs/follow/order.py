"""Which of the files of one log was written first."""

import re
from collections.abc import Iterable
from typing import Protocol, TypeVar

from esa_auth.inputs.follow.names import LIVE

#: Year, month, day, hour, minute, second, as the appliance's clock showed them.
FirstStamp = tuple[int, ...]

_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# The day is padded with a blank; some published lines have one blank only.
_STAMP = re.compile(rb"(?:\w{3} )?(\w{3}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4}) ")


class Dated(Protocol):
    """What the order is decided by."""

    path: str
    rank: int
    name_stamp: str
    first_stamp: FirstStamp | None

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> int: ...


File = TypeVar("File", bound=Dated)


def first_stamp(head: bytes) -> FirstStamp | None:
    """Return the stamp that the first line begins with, if it has one of the year."""
    match = _STAMP.match(head)
    if match is None or match[1] not in _MONTHS:
        return None
    day, hour, minute, second = (int(match[i]) for i in range(2, 6))
    return (int(match[6]), _MONTHS.index(match[1]), day, hour, minute, second)


def in_log_order(files: Iterable[File]) -> list[File]:
    """Return the files of one log, the oldest first, empty ones last.

    Decided by the stamp of the first line if all have one; else by the stamp in the
    name if all rotated ones have one; else by the number in the name if all rotated
    ones have one; else by the time of the last change. Stamps of different kinds are in
    different time zones and not compared.
    """
    files = list(files)
    filled = [file for file in files if file.size]
    rotated = [file for file in filled if file.rank < LIVE]
    by_line = all(file.first_stamp for file in filled)
    by_name = all(file.name_stamp for file in rotated)
    by_number = all(file.rank < 0 for file in rotated)

    def age(file: File) -> tuple[object, ...]:
        stamp = file.name_stamp
        return (
            file.size == 0,
            (by_line and file.first_stamp) or (),
            (stamp == "", len(stamp), stamp) if by_name else (),
            file.rank if by_number else file.rank == LIVE,
            file.modified,
            file.path,
        )

    return sorted(files, key=age)

"""Which log a file belongs to, and which of a log's files was written first.

Forms that are known: the appliance's ``mail.@20210602T033910.s`` with the status
``current`` or ``c`` (being written) or ``s`` (saved), the stamp or the status alone
(Cisco guide 9.5 p. 38-7); logrotate's ``mail.log.1``, ``mail.log-20260131`` and their
like; each also with ``.gz``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

#: Rank of a file that is being written; rotated files have 0, numbered ones -number.
LIVE = 1

_STATUS = re.compile(r"(.+?)(?:\.@([0-9A-Za-z]+))?\.(current|c|s)")
_STAMPED = re.compile(
    r"(.+?)[-._]((?:19|20)\d\d-?[01]\d-?[0-3]\d(?:[-T_.]?\d{2,6})?|1\d{9})"
)
_NUMBERED = re.compile(r"(.+)\.(\d{1,3})")
# Collectors name files by the sender's address: 10.0.0.1 is no rotation of 10.0.0.
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


@dataclass(frozen=True, slots=True)
class Name:
    """A file name taken apart.

    Attributes:
        base: Common to all files of one log in one directory.
        rank: Age: higher is younger, `LIVE` is being written.
        stamp: Time of its opening as written in the name, or nothing.
        compressed: Whether it is an archive of one file.
        numbered: Whether a number alone makes it a rotated file: that is believed only
            where there is a file of the base's name too.
    """

    base: str
    rank: int
    stamp: str = ""
    compressed: bool = False
    numbered: bool = False


def take_apart(name: str) -> Name:
    """Return what the file name (without folder) says."""
    compressed = name.endswith(".gz") and len(name) > len(".gz")
    plain = name.removesuffix(".gz") if compressed else name
    if match := _STATUS.fullmatch(plain):
        base, stamp, status = match.groups(default="")
        return Name(base, 0 if status == "s" else LIVE, stamp, compressed)
    rank, numbered = LIVE, False
    if (match := _NUMBERED.fullmatch(plain)) and not _ADDRESS.fullmatch(plain):
        plain, rank, numbered = match[1], -int(match[2]), True
    if match := _STAMPED.fullmatch(plain):
        return Name(match[1], min(rank, 0), match[2], compressed)
    if compressed:
        rank = min(rank, 0)
    return Name(plain, rank, "", compressed, numbered)


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


def in_log_order(files: Iterable[File]) -> tuple[list[File], list[File]]:
    """Return the files of one log that have content, the oldest first, and the others.

    Decided by the stamp of the first line if all have one; else by the stamp in the
    name if all rotated ones have one; else by the number in the name if all rotated
    ones have one; else by the time of the last change. Stamps of different kinds are in
    different time zones and not compared.
    """
    # Asked once: while files are put in order, one can be truncated or written to.
    sizes = [(file, file.size) for file in files]
    filled = [file for file, size in sizes if size]
    rotated = [file for file in filled if file.rank < LIVE]
    by_line = all(file.first_stamp for file in filled)
    by_name = all(file.name_stamp for file in rotated)
    by_number = all(file.rank < 0 for file in rotated)

    def age(file: File) -> tuple[object, ...]:
        stamp = file.name_stamp
        return (
            (by_line and file.first_stamp) or (),
            (stamp == "", len(stamp), stamp) if by_name else (),
            file.rank if by_number else file.rank == LIVE,
            file.modified,
            file.path,
        )

    empty = [file for file, size in sizes if not size]
    return sorted(filled, key=age), sorted(empty, key=age)

"""Which log a file belongs to, and its age, as far as its name tells.

Forms that are known: the appliance's ``mail.@20210602T033910.s`` with the status
``current`` or ``c`` (being written) or ``s`` (saved), the stamp or the status alone
(Cisco guide 9.5 p. 38-7); logrotate's ``mail.log.1``, ``mail.log-20260131`` and their
like; each also with ``.gz``.
"""

import re
from dataclasses import dataclass

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

"""What is remembered of a file when it is closed, and across a restart."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from esa_auth.inputs.follow.chunk import START, Position
from esa_auth.inputs.follow.fingerprint import NOTHING, Fingerprint

#: Device and inode: what a rename keeps. Reused by the system, sometimes within
#: seconds, so it is never believed without the fingerprints.
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Record:
    """How far one file was handed on, and how to know it again.

    Attributes:
        key: Device and inode.
        path: Where it was seen last.
        log: The log that it is a part of.
        base: The part of its name that all files of the log share.
        position: Behind the last line handed on.
        head: Fingerprint of its first bytes.
        tail: Fingerprint of the bytes before the position.
        seen: Largest size in bytes that was seen; of an archive the compressed size
            if it was read to its end, else 0.
        ignored: Older than the follower: never to be read, only to be known again.
        gone: The name and the content are there no more; an archive or a copy may turn
            up that has them.
    """

    key: Key
    path: str
    log: str
    base: str
    position: Position = START
    head: Fingerprint = NOTHING
    tail: Fingerprint = NOTHING
    seen: int = 0
    ignored: bool = False
    gone: bool = False

    @property
    def unread(self) -> int:
        """Bytes that were seen and not handed on: at least so many."""
        return 0 if self.ignored else max(0, self.seen - self.position.offset)


def name_to_text(name: str) -> str:
    """Return a file name as text that can be encoded, whatever bytes it is made of.

    Names are bytes; those that are no UTF-8 come as lone surrogates, which neither
    orjson nor msgpack encode.
    """
    return os.fsencode(name).decode("latin-1")


def text_to_name(text: str) -> str:
    """Return the file name that `name_to_text` was given."""
    return os.fsdecode(text.encode("latin-1"))


def to_plain(record: Record) -> dict[str, Any]:
    """Return the record in types that JSON and msgpack know."""
    return {
        "device": record.key[0],
        "inode": record.key[1],
        "path": name_to_text(record.path),
        "log": name_to_text(record.log),
        "base": name_to_text(record.base),
        "offset": record.position.offset,
        "mode": record.position.mode,
        "head": [record.head.length, record.head.digest.hex()],
        "tail": [record.tail.length, record.tail.digest.hex()],
        "seen": record.seen,
        "ignored": record.ignored,
        "gone": record.gone,
    }


def from_plain(plain: Mapping[str, Any]) -> Record:
    """Return the record that `to_plain` was given.

    Raises:
        ValueError: it is not of that form.
    """
    try:
        mode = plain["mode"]
        if mode not in {"start", "line", "skip"}:
            raise ValueError(f"unknown mode {mode!r}")
        return Record(
            key=(int(plain["device"]), int(plain["inode"])),
            path=text_to_name(plain["path"]),
            log=text_to_name(plain["log"]),
            base=text_to_name(plain["base"]),
            position=Position(int(plain["offset"]), mode),
            head=_fingerprint(plain["head"]),
            tail=_fingerprint(plain["tail"]),
            seen=int(plain["seen"]),
            ignored=bool(plain["ignored"]),
            gone=bool(plain["gone"]),
        )
    except (LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"no saved position: {error!r}") from error


def _fingerprint(plain: Any) -> Fingerprint:
    return Fingerprint(int(plain[0]), bytes.fromhex(plain[1]))

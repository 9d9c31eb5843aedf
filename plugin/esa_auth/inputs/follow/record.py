"""How far a file was read, how to know it again, and both across a restart.

The saved form is in types that JSON and msgpack know.
"""

import hashlib
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from esa_auth.errors import StateVersionError

_VERSION = 1
_log = logging.getLogger(__name__)

#: Device and inode: what a rename keeps. Reused by the system, sometimes within
#: seconds, so it is never believed without the fingerprints.
Key = tuple[int, int]

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


#: Bytes of a file's head, and before a position, that are compared. An appliance opens
#: every file with the same three lines, whose stamp is in seconds: about 150 bytes that
#: tell two logs of one appliance apart only by what follows.
WINDOW = 4096


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The length in bytes and the digest of some bytes."""

    length: int
    digest: bytes

    @classmethod
    def of(cls, data: bytes) -> "Fingerprint":
        """Return the fingerprint of all of ``data``."""
        return cls(len(data), _digest(data))

    def begins(self, data: bytes) -> bool:
        """Say whether ``data`` begins with the bytes that this was taken of."""
        return len(data) >= self.length and _digest(data[: self.length]) == self.digest

    @property
    def blank(self) -> bool:
        """Whether it proves nothing: taken of no bytes, or of NULs only."""
        return _digest(bytes(self.length)) == self.digest


NOTHING = Fingerprint.of(b"")


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


@dataclass(frozen=True, slots=True)
class Saved:
    """What a follower goes on with.

    Attributes:
        patterns: What was followed: rotated files of these logs that are not known are
            newer than the positions, those of other logs are older.
        records: The files.
        malformed: Entries that could not be read; these files are read again.
    """

    patterns: frozenset[str] = frozenset()
    records: tuple[Record, ...] = ()
    malformed: int = 0


def encode(patterns: Iterable[str], records: Iterable[Record]) -> dict[str, Any]:
    """Return what `decode` reads."""
    return {
        "version": _VERSION,
        "patterns": sorted(map(name_to_text, patterns)),
        "files": [to_plain(record) for record in records],
    }


def all_unread(patterns: Iterable[str]) -> dict[str, Any]:
    """Return positions by which all is read that is there, rotated files too.

    For a start after the true positions were lost: something of a file that was rotated
    since may not have been read.
    """
    return encode(patterns, ())


def decode(positions: Mapping[str, Any] | None, patterns: Iterable[str] = ()) -> Saved:
    """Return what was saved; nothing saved is a first start.

    What is no such thing is as `all_unread` of ``patterns``.

    Raises:
        StateVersionError: it is of a newer version than this program.
    """
    if not positions:
        return Saved()
    try:
        return _decode(positions)
    except (TypeError, ValueError, AttributeError) as error:
        _log.warning("the saved positions cannot be read (%s): all is read", error)
        return Saved(frozenset(patterns), malformed=1)


def _decode(positions: Mapping[str, Any]) -> Saved:
    if positions.get("version", _VERSION) > _VERSION:
        raise StateVersionError(
            f"file positions are of version {positions['version']}; "
            f"this program knows version {_VERSION}"
        )
    followed = frozenset(map(text_to_name, positions.get("patterns", ())))
    records, malformed = [], 0
    for plain in positions.get("files", ()):
        try:
            records.append(from_plain(plain))
        except ValueError as error:
            malformed += 1
            _log.warning("a saved position is left out, its file read again: %s", error)
    return Saved(followed, tuple(records), malformed)

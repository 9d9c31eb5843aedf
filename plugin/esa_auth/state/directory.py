"""The state directory: a lock held for life and a checkpoint in two generations.

``checkpoint.a`` and ``checkpoint.b`` are written in turn, each to a temporary file
that is synced, renamed and made durable by syncing the directory. One of the two is
whole at every moment, so a power cut costs at most the checkpoint in hand. (A registry
that was synced and renamed without the directory came back with zero bytes: filebeat,
elastic/beats#3537.)
"""

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from esa_auth.errors import StateVersionError, TemporaryError
from esa_auth.state import lock, trusted
from esa_auth.state.generation import (
    HEADER_SIZE,
    VERSION,
    DamagedError,
    Head,
    checked,
    sealed,
)

_SLOTS = ("checkpoint.a", "checkpoint.b")
_TEMPORARY = "checkpoint.tmp"
# Larger than any session table we keep; a sparse file must not fill the memory.
_LARGEST = 4 << 30
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A whole checkpoint: a file that is at its payload, and the payload's bytes."""

    file: BinaryIO
    length: int


class StateDirectory:
    """An open, locked state directory. Not for use by several threads at once."""

    def __init__(self, path: Path, directory: int, held: int) -> None:
        """Take over the descriptors; callers use `open`."""
        self._path = path
        self._directory = directory
        self._lock = held
        self._sequence = 0
        self._slot = _SLOTS[1]
        self._looked = False
        self.lost = False
        """`load` found what was a checkpoint, and none that is whole."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Lock the directory, which is made (0700) if it is missing.

        Raises:
            StateLockedError: another process holds it; the text names its pid.
            ConfigError: it or its lock file is a symbolic link, another user's or
                writable by others.
        """
        where = Path(path)
        directory = trusted.open_directory(where)
        try:
            return cls(where, directory, lock.take(directory, where))
        except BaseException:
            os.close(directory)
            raise

    def load(self) -> bytes | None:
        """Return the payload of the last whole checkpoint, or None if there is none.

        Raises:
            StateVersionError, ConfigError, TemporaryError: as `find`.
        """
        found = self.find()
        if found is None:
            return None
        with found.file as file:
            return file.read()

    def find(self) -> Found | None:
        """Return the last whole checkpoint, to be read and closed; None: there is none.

        A damaged file is renamed to ``*.corrupt``, reported in one log line, and the
        other generation is used.

        Raises:
            StateVersionError: a whole file is of a newer version than this program.
            ConfigError: a file is a symbolic link, another user's or writable by
                others.
            TemporaryError: the system could not read (not: the file is damaged).
        """
        found = {slot: self._head(slot) for slot in _SLOTS}
        valid = {slot: head for slot, head in found.items() if head is not None}
        for slot, head in valid.items():
            if head.version > VERSION:
                raise StateVersionError(
                    f"{self._path / slot} is of version {head.version}; "
                    f"this program knows version {VERSION}"
                )
        self._looked = True
        if not valid:
            # Also if it was set aside at a start that ended before its first save.
            self.lost = any(map(self._was_damaged, _SLOTS))
            return None
        self._slot = max(valid, key=lambda slot: valid[slot].sequence)
        self._sequence = valid[self._slot].sequence
        file = self._opened(self._slot)
        file.seek(HEADER_SIZE)
        return Found(file, valid[self._slot].length)

    def save(self, payload: bytes) -> None:
        """Replace the older generation by ``payload``; see `write`."""
        self.write((payload,))

    def write(self, pieces: Iterable[bytes]) -> None:
        """Replace the older generation by the payload in ``pieces``, durably.

        After a failure the generation before is untouched, and the next call writes
        the whole file again: nobody knows what a failed fsync left on the disk, and a
        second fsync that succeeds does not tell.

        Raises:
            TemporaryError: the disk is full, or writing or syncing failed.
        """
        if not self._looked and (found := self.find()):
            found.file.close()
        # Counted up even if this fails: a file whose rename took place must be older
        # than the next one.
        self._sequence += 1
        slot = _SLOTS[1 - _SLOTS.index(self._slot)]
        try:
            self._write_temporary(pieces)
            os.rename(
                _TEMPORARY, slot, src_dir_fd=self._directory, dst_dir_fd=self._directory
            )
            os.fsync(self._directory)
        except OSError as error:
            with suppress(OSError):
                os.unlink(_TEMPORARY, dir_fd=self._directory)
            raise TemporaryError(
                f"checkpoint {self._path / slot} not saved: {error.strerror}"
            ) from error
        self._slot = slot

    def file(self, name: str, flags: int) -> int:
        """Return a descriptor of another file in the directory (0600 if made).

        Raises:
            FileNotFoundError, ConfigError, TemporaryError: as `trusted.open_file`.
        """
        return trusted.open_file(name, flags, self._directory, self._path)

    def remove(self, name: str) -> None:
        """Remove such a file, if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._directory)

    def remove_before(self, name: str, number: int) -> None:
        """Remove the files ``name.N`` with an N below ``number``, if that can be."""
        with suppress(OSError):
            for found in os.listdir(self._directory):
                stem, _, last = found.rpartition(".")
                if stem == name and last.isdecimal() and int(last) < number:
                    self.remove(found)

    def close(self) -> None:
        """Let go of the lock. Safe to call twice."""
        if self._lock >= 0:
            lock.release(self._lock)
            os.close(self._directory)
        self._lock = self._directory = -1

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the lock."""
        self.close()

    def _opened(self, slot: str) -> BinaryIO:
        return open(
            trusted.open_file(slot, os.O_RDONLY, self._directory, self._path), "rb"
        )

    def _head(self, slot: str) -> Head | None:
        try:
            with self._opened(slot) as file:
                return _checked(file)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self._set_aside(slot, str(error))
        except OSError as error:
            # EIO and its like: the other generation lies in other blocks.
            self._set_aside(slot, error.strerror or str(error))
        return None

    def _was_damaged(self, slot: str) -> bool:
        with suppress(FileNotFoundError):
            os.stat(f"{slot}.corrupt", dir_fd=self._directory, follow_symlinks=False)
            return True
        return False

    def _set_aside(self, slot: str, reason: str) -> None:
        kept = f"{slot}.corrupt"
        with suppress(OSError):
            os.rename(
                slot, kept, src_dir_fd=self._directory, dst_dir_fd=self._directory
            )
        _log.warning(
            "%s: %s; kept as %s, going on with the other generation",
            self._path / slot,
            reason,
            kept,
        )

    def _write_temporary(self, pieces: Iterable[bytes]) -> None:
        with suppress(FileNotFoundError):
            os.unlink(_TEMPORARY, dir_fd=self._directory)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(_TEMPORARY, flags, 0o600, dir_fd=self._directory)
        try:
            self._fill(descriptor, pieces)
            os.fsync(descriptor)
        except BaseException:
            with suppress(OSError):
                os.close(descriptor)
            raise
        # Network file systems report a full disk at close.
        os.close(descriptor)

    def _fill(self, descriptor: int, pieces: Iterable[bytes]) -> None:
        """Write header and payload; how long that is shows only at its end."""
        _write_all(descriptor, bytes(HEADER_SIZE))
        length = 0
        for piece in pieces:
            _write_all(descriptor, piece)
            length += len(piece)
        with open(descriptor, "rb", closefd=False) as written:
            written.seek(HEADER_SIZE)
            head = sealed(Head(self._sequence, length), written)
        os.pwrite(descriptor, head, 0)


def _checked(file: BinaryIO) -> Head:
    size = os.fstat(file.fileno()).st_size
    if size > _LARGEST + HEADER_SIZE:
        raise DamagedError(f"{size} bytes, larger than any checkpoint")
    return checked(file, size)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]

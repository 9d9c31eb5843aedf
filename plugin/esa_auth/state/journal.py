"""What came since the last checkpoint, so that a killed process has forgotten nothing.

Written and not synced: that survives a crash of the process, which is what is promised;
a power cut takes what the host's own queue had not synced either.
"""

import os
from collections.abc import Iterator
from typing import Any, Self

import msgpack

from esa_auth.errors import TemporaryError
from esa_auth.state.directory import StateDirectory

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT
_PIECE = 1 << 20
# Longer than any record; a torn one may claim any length.
_LARGEST = 1 << 28


class Journal:
    """A file of records beside the checkpoint that it continues.

    A record is a line (bytes), a line that came again ([bytes]), or None.
    """

    def __init__(self, directory: StateDirectory, number: int) -> None:
        """Open journal ``number``, which the checkpoint of that number names.

        It is to be read to its end before anything is appended.

        Raises:
            ConfigError, TemporaryError: as `StateDirectory.file`.
        """
        self._directory = directory
        self.number = number
        self.count = 0
        """How many records it has, as far as they were read or appended."""
        self.size = 0
        """Their bytes."""
        self._descriptor = directory.file(self._name, _FLAGS)

    @property
    def _name(self) -> str:
        return f"journal.{self.number}"

    def read(self) -> Iterator[Any]:
        """Yield the whole records, and cut off what a crash left half written."""
        unpacker = msgpack.Unpacker(max_buffer_size=_LARGEST)
        at = 0
        try:
            while piece := os.pread(self._descriptor, _PIECE, at):
                at += len(piece)
                unpacker.feed(piece)
                for record in unpacker:
                    _refuse_foreign(record)
                    self.count, self.size = self.count + 1, unpacker.tell()
                    yield record
        except (ValueError, msgpack.UnpackException):
            pass
        os.ftruncate(self._descriptor, self.size)
        # Left there by a crash between a checkpoint and the removal of what it ended.
        # Not when a successor is made: until that is saved, the one before counts.
        self._directory.remove(f"journal.{self.number - 1}")

    def append(self, record: Any) -> None:
        """Add a record.

        Raises:
            TemporaryError: the disk is full or broken; the record is not in it.
        """
        packed: bytes = msgpack.packb(record)
        try:
            whole = os.write(self._descriptor, packed) == len(packed)
        except OSError as error:
            raise TemporaryError(f"{self._name}: {error.strerror}") from error
        if not whole:
            os.ftruncate(self._descriptor, self.size)
            raise TemporaryError(f"{self._name}: the disk is full")
        self.count, self.size = self.count + 1, self.size + len(packed)

    def successor(self) -> Self:
        """Return the empty journal of the next checkpoint, before that is saved."""
        following = type(self)(self._directory, self.number + 1)
        os.ftruncate(following._descriptor, 0)
        return following

    def discard(self) -> None:
        """Remove it: a checkpoint has taken its place."""
        self.close()
        self._directory.remove(self._name)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _refuse_foreign(record: Any) -> None:
    line = record[0] if isinstance(record, list) and len(record) == 1 else record
    if not (isinstance(line, bytes) or record is None):
        raise ValueError(f"no record: {type(record).__name__}")

"""Lines since the last checkpoint, so that a killed process has forgotten none.

Written and not synced: that survives a crash of the process, which is what is promised;
a power cut takes what the host's own queue had not synced either.
"""

import os
from typing import Self

import msgpack

from esa_auth.errors import TemporaryError
from esa_auth.state.directory import StateDirectory

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT


class Journal:
    """A file of raw lines beside the checkpoint that it continues."""

    def __init__(self, directory: StateDirectory, number: int) -> None:
        """Open journal ``number``, which the checkpoint of that number names.

        Raises:
            ConfigError, TemporaryError: as `StateDirectory.file`.
        """
        self._directory = directory
        self.number = number
        self._descriptor = directory.file(self._name, _FLAGS)
        self.lines = self._read()
        self.written = len(self.lines)
        # Left there by a crash between a checkpoint and the removal of what it ended.
        directory.remove(f"journal.{number - 1}")

    @property
    def _name(self) -> str:
        return f"journal.{self.number}"

    def append(self, line: bytes) -> None:
        """Add a line.

        Raises:
            TemporaryError: the disk is full or broken; the line is not in it.
        """
        packed: bytes = msgpack.packb(line)
        before = os.fstat(self._descriptor).st_size
        try:
            whole = os.write(self._descriptor, packed) == len(packed)
        except OSError as error:
            raise TemporaryError(f"{self._name}: {error.strerror}") from error
        if not whole:
            os.ftruncate(self._descriptor, before)
            raise TemporaryError(f"{self._name}: the disk is full")
        self.written += 1

    def successor(self) -> Self:
        """Return the empty journal of the next checkpoint, before that is saved."""
        following = type(self)(self._directory, self.number + 1)
        os.ftruncate(following._descriptor, 0)
        following.lines, following.written = [], 0
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

    def _read(self) -> list[bytes]:
        """Return the whole lines, and cut off one that a crash left half written."""
        size = os.fstat(self._descriptor).st_size
        unpacker = msgpack.Unpacker(max_buffer_size=max(size, 1))
        unpacker.feed(os.pread(self._descriptor, size, 0))
        lines: list[bytes] = []
        good = 0
        try:
            for line in unpacker:
                if not isinstance(line, bytes):
                    break
                lines.append(line)
                good = unpacker.tell()
        except (ValueError, msgpack.UnpackException):
            pass
        os.ftruncate(self._descriptor, good)
        return lines

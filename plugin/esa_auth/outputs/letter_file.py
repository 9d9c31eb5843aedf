"""A file of whole lines with a cap: FILE, the older ones FILE.1, FILE.2 and so on."""

import fcntl
import logging
import os
import stat
from contextlib import suppress
from itertools import pairwise

from esa_auth.outputs.own_file import open_own

_log = logging.getLogger("esa_auth")


class LetterFile:
    """Appends; every method raises OSError and may be tried again."""

    def __init__(self, path: str, max_bytes: int, keep: int) -> None:
        """Keep ``keep`` files of ``max_bytes``; a longer line has one for itself."""
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._descriptor = -1
        self._unsynced = False

    def open(self) -> None:
        """Open what lies under the path now, created for its owner only."""
        self.sync()
        descriptor = open_own(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            _close_last_line(descriptor)
            _sync_folder(self._path)
        except OSError:
            os.close(descriptor)
            raise
        self.close()
        self._descriptor = descriptor

    def renewed(self) -> bool:
        """Open the path again if somebody moved the file away; return whether."""
        if self._descriptor >= 0 and self._in_place():
            return False
        self.open()
        return True

    def write(self, data: bytes, start: int) -> int:
        """Append some of ``data[start:]``, which begins or goes on a line.

        Returns the number of bytes written, 0 or more; whole lines but for what the
        device refused.
        """
        end = data.find(b"\n", start) + 1
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            return os.write(self._descriptor, memoryview(data)[start:])
        begins = start == 0 or data[start - 1 : start] == b"\n"
        size = status.st_size
        if begins and size and size + end - start > self._max_bytes:
            self._rotate()
            size = os.fstat(self._descriptor).st_size
        room = max(0, self._max_bytes - size)
        end = max(end, data.rfind(b"\n", start, start + room) + 1)
        self._unsynced = True
        return os.write(self._descriptor, memoryview(data)[start:end])

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        if not self._unsynced:
            return
        if stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.fsync(self._descriptor)
        self._unsynced = False

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _in_place(self) -> bool:
        try:
            there = os.stat(self._path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    def _rotate(self) -> None:
        # Another process may do the same at this moment. A file system without locks
        # leaves us where we would be without asking for one.
        with suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        if self._in_place():
            names = [self._path, *(f"{self._path}.{n}" for n in range(1, self._keep))]
            if os.path.lexists(names[-1]):
                _log.warning("%s: deleted, the letters in it are gone", names[-1])
                os.unlink(names[-1])
            for newer, older in reversed(list(pairwise(names))):
                with suppress(FileNotFoundError):
                    os.rename(newer, older)
        self.open()


def _close_last_line(descriptor: int) -> None:
    """A crash may have left half a line: the next letter must not be glued to it."""
    status = os.fstat(descriptor)
    regular = stat.S_ISREG(status.st_mode) and status.st_size > 0
    if regular and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
        os.write(descriptor, b"\n")


def _sync_folder(path: str) -> None:
    """Make the name of a new file durable, where the folder may be opened."""
    with suppress(OSError):
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

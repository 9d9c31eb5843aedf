"""Files of whole lines with a cap: FILE, the older ones FILE.1, FILE.2 and so on.

What was written is never copied and never cut: a full file gets another name, so a
program that reads it can go on to its end.
"""

import errno
import fcntl
import logging
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from esa_auth.errors import ConfigError, OutputGoneError, TemporaryError
from esa_auth.outputs.own_file import open_own
from esa_auth.retry import Retry

# What a start may wait for, like any later write; the rest is a wrong configuration.
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENFILE, errno.EMFILE}

_log = logging.getLogger("esa_auth")


@dataclass(frozen=True, slots=True)
class Limits:
    """When a file is full, and how many are kept, the one in use included."""

    max_bytes: int
    keep: int
    max_seconds: int | None = None
    """Time is cut into periods so long, counted from 1970 UTC; a file is of one."""


class UnwrittenError(TemporaryError):
    """Told to stop while lines could not be written; ``rest`` are these lines."""

    def __init__(self, text: str, rest: bytes) -> None:
        super().__init__(text)
        self.rest = rest


class RotatedFile:
    """Appends; every method raises OSError and may be tried again, but for `sync`."""

    def __init__(
        self,
        path: str,
        limits: Limits,
        content: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``content`` says in the log what is in the files; ``now`` is of 1970."""
        self._path = path
        self._limits = limits
        self._content = content
        self._now = now
        self._descriptor = -1
        self._unsynced = False
        self.rotations = 0
        self.deleted = 0

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
        if begins and size and self._is_over(status, end - start):
            self._rotate()
            size = os.fstat(self._descriptor).st_size
        room = max(0, self._limits.max_bytes - size)
        end = max(end, data.rfind(b"\n", start, start + room) + 1)
        self._unsynced = True
        return os.write(self._descriptor, memoryview(data)[start:end])

    def sync(self) -> None:
        """Wait until what was written is on the disk.

        Raises:
            TemporaryError: the system does not say so. A second try would, for Linux
                forgets pages that it could not write (PostgreSQL wiki, "Fsync Errors").
                What was read since the last saved position must be read again.
        """
        if not self._unsynced:
            return
        if stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                why = f"{error.strerror}: it is not known what is on the disk"
                raise TemporaryError(f"{self._path}: {why}") from error
        self._unsynced = False

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _is_over(self, status: os.stat_result, more: int) -> bool:
        if status.st_size + more > self._limits.max_bytes:
            return True
        period = self._limits.max_seconds
        # By the last write and not by the first, which no file system tells everywhere.
        return period is not None and status.st_mtime // period != self._now() // period

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
            numbers = range(1, self._limits.keep)
            names = [self._path, *(f"{self._path}.{n}" for n in numbers)]
            if os.path.lexists(names[-1]):
                what = self._content
                _log.warning("%s: deleted, the %s in it are gone", names[-1], what)
                os.unlink(names[-1])
                self.deleted += 1
            for newer, older in reversed(list(pairwise(names))):
                with suppress(FileNotFoundError):
                    os.rename(newer, older)
            self.rotations += 1
        self.open()


class Appender:
    """Appends lines to a `RotatedFile`, and waits while that cannot be done."""

    def __init__(self, file: RotatedFile, retry: Retry) -> None:
        self._file = file
        self._retry = retry

    @property
    def trouble(self) -> str:
        """Why nothing can be written now; empty if it can."""
        return self._retry.trouble

    def write(self, data: bytes) -> None:
        """Append whole lines.

        Raises:
            OutputGoneError: the path is a pipe that nobody reads.
            UnwrittenError: told to stop while waiting.
        """
        done = 0
        while done < len(data):
            try:
                if self._file.renewed():
                    # What is begun in a file that somebody took away begins again.
                    done = _line_start(data, done)
                done += self._file.write(data, done)
                self._retry.worked()
            except BrokenPipeError as error:
                raise OutputGoneError("nobody reads what is written") from error
            except OSError as error:
                self._wait(error, data[_line_start(data, done) :])

    def sync(self) -> None:
        """Wait until the lines are on the disk; see `RotatedFile.sync`."""
        self._file.sync()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _wait(self, error: OSError, rest: bytes) -> None:
        try:
            self._retry.failed(error.strerror or str(error))
        except TemporaryError as stopped:
            raise UnwrittenError(str(stopped), rest) from error


def open_rotated(file: RotatedFile, path: str, key: str) -> None:
    """Open ``file`` at ``path``, which the configuration has under ``key``.

    Raises:
        ConfigError: it cannot be written, and waiting would not help.
    """
    try:
        file.open()
    except OSError as error:
        if error.errno not in _PASSING:
            raise ConfigError(f"{key}: {path}: {error.strerror}") from error
    folder = os.path.dirname(path) or "."
    if os.path.isfile(path) and not os.access(folder, os.W_OK | os.X_OK):
        why = "its directory cannot be written, so it could not be rotated"
        raise ConfigError(f"{key}: {path}: {why}")


def is_of(path: str, other: str) -> bool:
    """Return whether ``other`` is the file ``path`` or an older one of it."""
    own, found = os.path.realpath(path), os.path.realpath(other)
    tail = found.removeprefix(own)
    return tail == "" or (tail != found and tail[:1] == "." and tail[1:].isdigit())


def _line_start(data: bytes, at: int) -> int:
    return data.rfind(b"\n", 0, at) + 1


def _close_last_line(descriptor: int) -> None:
    """A crash may have left half a line: the next one must not be glued to it.

    It is ended and not cut off: a program that has read the half would put the next
    line behind it.
    """
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

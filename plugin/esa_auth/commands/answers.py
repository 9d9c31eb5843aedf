"""The OK of `--ack rsyslog`, and after a crash the knowledge whether it was written."""

import ctypes
import fcntl
import mmap
import os
import stat
import struct
import termios
from collections.abc import Callable

from esa_auth.errors import ConfigError
from esa_auth.outputs.stdout import write_all
from esa_auth.state import StateDirectory

_OK = b"OK\n"
# The OK, then two marks of 64 bits: that of a line must stay while the next is taken.
_FILE = struct.Struct("@8sqq")
_NAME = "answers"
_INT = struct.Struct("@i")


class Answers:
    """Writes ``OK`` and marks that it is written, in one system call.

    Two calls leave a moment between them in which SIGKILL makes the mark a lie. So the
    OK is sent from a file with sendfile(2), which puts the data into the pipe and then
    the new offset where the caller wants it, before any signal ends the process: here
    into the same file, which is mapped. A mark is 0 until then, and 3 from then on.
    """

    def __init__(
        self, directory: StateDirectory, descriptor: int, stop: Callable[[], bool]
    ) -> None:
        """Answer on ``descriptor``; the marks of the process before are taken up.

        ``stop`` ends a wait for a host that does not read.

        Raises:
            ConfigError, TemporaryError: the file cannot be used.
        """
        self._out, self._stop = descriptor, stop
        self._is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        self._file = directory.file(_NAME, os.O_RDWR | os.O_CREAT)
        if os.fstat(self._file).st_size != _FILE.size:
            os.pwrite(self._file, _FILE.pack(_OK, 0, 0), 0)
        try:
            mapped = mmap.mmap(self._file, _FILE.size)
        except OSError as error:
            raise ConfigError(
                f"--ack rsyslog: {_NAME} in the state directory cannot be mapped: "
                f"{error.strerror}"
            ) from error
        self._marks = [ctypes.c_int64.from_buffer(mapped, at) for at in (8, 16)]
        self._sendfile = ctypes.CDLL(None).sendfile
        self._sendfile.restype = ctypes.c_ssize_t
        self._sendfile.argtypes = (
            *(ctypes.c_int, ctypes.c_int),
            *(ctypes.POINTER(ctypes.c_int64), ctypes.c_size_t),
        )

    def given(self, number: int) -> bool:
        """Return whether the OK of record ``number``, the last one, was written."""
        return self._marks[number % 2].value == len(_OK)

    def withhold(self, number: int) -> None:
        """Note, before record ``number`` is written, that it has no OK yet."""
        self._marks[number % 2].value = 0

    def give(self, number: int) -> None:
        """Write the OK of record ``number``.

        Raises:
            OutputGoneError, TemporaryError: as `write_all`; it is not written.
        """
        mark, sent = self._marks[number % 2], 0
        # Into a pipe that is empty, because then it does not wait: a host that waits
        # for each OK has read the one before.
        if self._is_pipe and not self.unread():
            sent = max(0, self._sendfile(self._out, self._file, mark, len(_OK)))
        if rest := _OK[sent:]:
            write_all(self._out, rest, self._stop)
            mark.value = len(_OK)

    def say(self) -> None:
        """Write an OK that is of no record.

        Raises:
            OutputGoneError, TemporaryError: as `write_all`.
        """
        write_all(self._out, _OK, self._stop)

    def unread(self) -> bool:
        """Return whether an OK is in the pipe that nobody has read."""
        if not self._is_pipe:
            return False
        (waiting,) = _INT.unpack(fcntl.ioctl(self._out, termios.FIONREAD, bytes(4)))
        return bool(waiting)

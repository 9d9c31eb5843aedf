"""Events on stdout, and bytes to any file descriptor, whole or not at all.

The operating system has what was written; the reader may not.
"""

import errno
import os
import select
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from esa_auth.errors import OutputGoneError, TemporaryError
from esa_auth.outputs import Opened, Secret, Surroundings
from esa_auth.retry import Retry

# What may pass when somebody makes room.
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))
_SLICE_SECONDS = 0.25


def read_settings(section: Mapping[str, Any], secret: Secret) -> None:
    """Return nothing: how events are framed is no matter of the output."""


def open_output(settings: None, around: Surroundings) -> Opened:
    """Open stdout."""
    return Opened(around.line, Stdout(around))


class Stdout:
    """Takes framed events."""

    counters = None
    trouble = ""

    def __init__(self, around: Surroundings) -> None:
        self._stop, self._patience = around.stop, around.patience
        # Half an event that a crash left in a file must not spoil the next one.
        torn = around.framing == "json" and is_torn(sys.stdout.fileno())
        self._before = b"\n" if torn else b""

    def send(self, batch: Sequence[bytes]) -> None:
        """Write the batch; see `write_all` for what it raises."""
        data = self._before + b"".join(batch)
        self._before = b""
        write_all(sys.stdout.fileno(), data, self._stop, self._patience)

    def sync(self) -> None:
        """Do nothing: it is the reader who has a disk."""

    def check(self) -> None:
        """See `check_reader`."""
        check_reader(sys.stdout.fileno())

    def close(self) -> None:
        """Do nothing: stdout is not ours to close."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """How long to wait for whoever reads."""

    stop: Callable[[], bool]
    patience: float

    def wait(self, descriptor: int) -> None:
        waited = 0.0
        while not select.select([], [descriptor], [], _SLICE_SECONDS)[1]:
            if not self.stop():
                continue
            if waited >= self.patience:
                raise TemporaryError("output: stopped while its reader did not read")
            waited += _SLICE_SECONDS


def write_all(
    descriptor: int,
    data: bytes,
    stop: Callable[[], bool] = lambda: False,
    patience: float = 0.0,
) -> None:
    """Write all of ``data``, waiting for the reader, and for room on a full disk.

    A reader that does not read has ``patience`` seconds from ``stop`` on.

    Raises:
        OutputGoneError: the reader is gone.
        TemporaryError: the device refused, or it is full or its reader does not read
            and ``stop`` says enough.
    """
    reader = _Reader(stop, patience)
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        _write(descriptor, data, len(data), reader)
        return
    # What blocks in the system cannot be stopped, and stdout may not be made
    # non-blocking: others have it too. So it is opened once more.
    try:
        own = os.open(f"/dev/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        # A pipe takes this much without blocking when it is ready.
        _write(descriptor, data, select.PIPE_BUF, reader)
        return
    try:
        _write(own, data, len(data), reader)
    finally:
        os.close(own)


def check_reader(descriptor: int) -> None:
    """Look whether anybody can still read what is written.

    Raises:
        OutputGoneError: it is a pipe or a socket, and its other end is closed.
    """
    poll = select.poll()
    poll.register(descriptor, 0)
    if poll.poll(0):
        raise OutputGoneError("the reader of our output is gone")


def _write(descriptor: int, data: bytes, most: int, reader: _Reader) -> None:
    view = memoryview(data)
    retry: Retry | None = None
    while view:
        try:
            if most < len(data):
                reader.wait(descriptor)
            view = view[os.write(descriptor, view[:most]) :]
        except BlockingIOError:
            reader.wait(descriptor)
        except BrokenPipeError as error:
            raise OutputGoneError("the reader of our output is gone") from error
        except OSError as error:
            if error.errno not in _FULL:
                raise TemporaryError(f"output: {error.strerror}") from error
            retry = retry or Retry("output", reader.stop)
            retry.failed(error.strerror or str(error))
        else:
            if retry:
                retry.worked()


def is_torn(descriptor: int) -> bool:
    """Say whether it is a file that ends within a line, as a crash can leave it."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
        return False
    # It may be open for writing only. If it may not be read either, an empty line
    # harms nobody.
    end = b""
    with suppress(OSError):
        reader = os.open(f"/dev/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            end = os.pread(reader, 1, status.st_size - 1)
        finally:
            os.close(reader)
    return end != b"\n"

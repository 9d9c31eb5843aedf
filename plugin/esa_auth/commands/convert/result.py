"""Where `convert` writes: stdout or a file, and the parts that wait for their turn."""

import fcntl
import os
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from esa_auth.errors import ConfigError, StateLockedError
from esa_auth.outputs.file import FileOutput, FileSettings
from esa_auth.outputs.own_file import open_own
from esa_auth.outputs.rotated import is_of
from esa_auth.outputs.stdout import write_all

_BLOCK = 1 << 20
# Workers of a run that was killed see it at their next block.
SECONDS_FOR_ORPHANS = 5.0


class Result:
    """An output in which the parts of several writers follow each other."""

    def __init__(self, path: str | None, events: FileSettings | None = None) -> None:
        """Open and lock ``path``; None means ``events``, and without that stdout.

        Raises:
            ConfigError: it cannot be written.
            StateLockedError: another process is writing it.
        """
        self.path = path
        self.events = events
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if path is None:
            self.descriptor = sys.stdout.fileno()
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK
        try:
            self.descriptor = open_own(path, flags, 0o666)
        except OSError as error:
            raise ConfigError(f"-o: {path}: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(self.descriptor).st_mode):
            os.close(self.descriptor)
            raise ConfigError(f"-o: {path}: not a regular file")
        self._lock(path)

    def close(self) -> None:
        """Close the file; parts that wait in a temporary directory are gone."""
        if self.path is not None:
            os.close(self.descriptor)
        if self._folder:
            self._folder.cleanup()

    def cut(self, length: int) -> bool:
        """Leave the first ``length`` bytes of the file; False: it has fewer."""
        return _cut(self.descriptor, length)

    def sync(self) -> None:
        """Wait until all is on the disk.

        Raises:
            OSError: the system does not say so.
        """
        if self.path is not None:
            os.fsync(self.descriptor)

    def open_part(self, number: int, length: int) -> int | None:
        """Return a descriptor of a part cut to ``length``; None: it has fewer bytes.

        Raises:
            OSError: it cannot be made.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        descriptor = open_own(self._part(number), flags)
        if _cut(descriptor, length):
            return descriptor
        os.close(descriptor)
        return None

    def append_part(self, number: int) -> None:
        """Copy a part to the end of the output.

        Raises:
            OSError: it cannot be read.
            OutputGoneError, TemporaryError: as `write_all`.
        """
        with (
            open(self._part(number), "rb") as part,
            opened_sink(self.descriptor, self.events) as write,
        ):
            while block := part.read(_BLOCK):
                # With the rest of its last line: a file of events takes whole lines.
                write(block + (part.readline() if self.events else b""))
        self.sync()

    def drop_part(self, number: int) -> None:
        """Take a part away."""
        with suppress(FileNotFoundError):
            os.unlink(self._part(number))

    def ours(self, path: str) -> bool:
        """Return whether ``path`` is the file or one that is kept beside it."""
        if self.events is not None and is_of(self.events.path, path):
            return True
        if self.path is None:
            return False
        own, other = os.path.realpath(self.path), os.path.realpath(path)
        tail = other.removeprefix(own)
        return tail == "" or (tail != other and tail.startswith((".part", ".progress")))

    def _part(self, number: int) -> str:
        if self.path is not None:
            return f"{self.path}.part{number}"
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="esa-auth-")
        return os.path.join(self._folder.name, f"part{number}")

    def _lock(self, path: str) -> None:
        # Workers inherit the descriptor: the lock lasts until the last of them ends.
        end = time.monotonic() + SECONDS_FOR_ORPHANS
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if time.monotonic() > end:
                    os.close(self.descriptor)
                    why = "another process is writing it"
                    raise StateLockedError(f"-o: {path}: {why}") from error
                time.sleep(0.05)
            else:
                return


@contextmanager
def opened_sink(
    descriptor: int,
    events: FileSettings | None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Callable[[bytes], None]]:
    """Return what writes to ``events``, or to ``descriptor`` if that is None.

    At the end what was written to ``events`` is on the disk.

    Raises:
        ConfigError: the file of events cannot be written.
        OutputGoneError, TemporaryError: when writing, as `write_all`.
    """
    if events is None:
        yield lambda data: write_all(descriptor, data, stopped)
        return
    with closing(FileOutput(events, stopped)) as output:
        yield lambda data: output.send([data])
        output.sync()


def _cut(descriptor: int, length: int) -> bool:
    if os.fstat(descriptor).st_size < length:
        return False
    os.ftruncate(descriptor, length)
    return True

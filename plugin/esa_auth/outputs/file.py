"""Events in a file of our own, for programs that follow files.

At least once to the disk: `sync` returns when the disk has what was sent, and only then
may a position be saved. A full file gets another name, as dead letters do; the last
line of a crash is ended before the next event, so one line of a file may be half an
event, whose whole is in another line.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from esa_auth.errors import ConfigError
from esa_auth.outputs import Opened, Secret, Surroundings
from esa_auth.outputs.counters import FileCounters
from esa_auth.outputs.rotated import Appender, Limits, RotatedFile, open_rotated
from esa_auth.retry import UNSLICED, Retry, Timing


class FileSettings(NamedTuple):
    """The path, and when a file is full."""

    path: str
    limits: Limits


def read_settings(section: Mapping[str, Any], secret: Secret) -> FileSettings:
    """Return the settings under `output`."""
    seconds = section["max_seconds"]
    limits = Limits(
        int(section["max_bytes"]), int(section["keep"]), seconds and int(seconds)
    )
    return FileSettings(section["file"], limits)


def open_output(chosen: FileSettings, around: Surroundings) -> Opened:
    """Open the file, created for its owner only.

    Raises:
        ConfigError: it cannot be written, and waiting would not help.
    """
    if around.framing != "json":
        raise ConfigError(f"output.format: {around.framing}: not with output.file")
    return Opened(around.line, FileOutput(chosen, around.stop))


class FileOutput:
    """Takes events that are a line each."""

    def __init__(
        self,
        chosen: FileSettings,
        stopped: Callable[[], bool] = lambda: False,
        timing: Timing = UNSLICED,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open the file; ``now`` is seconds since 1970.

        Raises:
            ConfigError: as `open_rotated`.
        """
        self._file = RotatedFile(chosen.path, chosen.limits, "events", now)
        open_rotated(self._file, chosen.path, "output.file")
        retry = Retry(f"events: {chosen.path}", stopped, timing)
        self._appender = Appender(self._file, retry)
        self._counters = FileCounters()

    @property
    def counters(self) -> FileCounters:
        """What was written so far."""
        self._counters.rotations = self._file.rotations
        self._counters.deleted = self._file.deleted
        return self._counters

    @property
    def trouble(self) -> str:
        """Why nothing can be written now; empty if it can. For any thread."""
        return self._appender.trouble

    def send(self, batch: Sequence[bytes]) -> None:
        """Append the events; wait while that cannot be done.

        Raises:
            OutputGoneError: the path is a pipe that nobody reads.
            TemporaryError: told to stop while waiting.
        """
        data = b"".join(batch)
        self._appender.write(data)
        self._counters.written += len(batch)
        self._counters.written_bytes += len(data)

    def sync(self) -> None:
        """Wait until the events are on the disk.

        Raises:
            TemporaryError: the system does not say so.
        """
        self._appender.sync()

    def check(self) -> None:
        """Do nothing: nobody has to be there to read."""

    def close(self) -> None:
        """Close the file."""
        self._appender.close()

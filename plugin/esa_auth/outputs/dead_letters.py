"""Dead letters -> NDJSON in a file, or on stderr when no file is named."""

import errno
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson

from esa_auth.errors import ConfigError, OutputGoneError, TemporaryError
from esa_auth.outputs.descriptor import write_all
from esa_auth.outputs.letter_file import LetterFile
from esa_auth.outputs.patience import Patience

MAX_BYTES = 64 << 20
KEEP = 5
# What a start may wait for, like any later write; the rest is a wrong configuration.
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENFILE, errno.EMFILE}


class DeadLetters:
    """Where refused lines are kept.

    A letter is never dropped: while the file cannot be written `write` waits, and what
    is read waits with it. Only the oldest of ``keep`` full files is deleted, and said.
    """

    def __init__(
        self,
        path: str | None,
        max_bytes: int = MAX_BYTES,
        keep: int = KEEP,
        sleep: Callable[[float], None] = time.sleep,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Open ``path`` for appending, created for its owner only.

        Raises:
            ConfigError: it cannot be written, and waiting would not help.
        """
        self._patience = Patience(f"dead letters: {path or 'stderr'}", sleep, stopped)
        self._file = LetterFile(path, max_bytes, keep) if path else None
        if path is None or self._file is None:
            return
        try:
            self._file.open()
        except OSError as error:
            if error.errno not in _PASSING:
                why = error.strerror
                raise ConfigError(f"dead_letter.file: {path}: {why}") from error
        folder = os.path.dirname(path) or "."
        if os.path.isfile(path) and not os.access(folder, os.W_OK | os.X_OK):
            why = "its directory cannot be written, so it could not be rotated"
            raise ConfigError(f"dead_letter.file: {path}: {why}")

    def write(self, letters: list[dict[str, Any]]) -> None:
        """Append the letters, each a line; wait while that cannot be done.

        Raises:
            OutputGoneError: the reader of stderr, or of a pipe, is gone.
            TemporaryError: told to stop while waiting; the letters are on stderr.
        """
        option = orjson.OPT_APPEND_NEWLINE
        data = b"".join([orjson.dumps(letter, option=option) for letter in letters])
        done = 0
        while done < len(data):
            try:
                if self._file and self._file.renewed():
                    # What is begun in a file that somebody took away begins again.
                    done = _line_start(data, done)
                done += self._some(data, done)
                self._patience.worked()
            except BrokenPipeError as error:
                raise OutputGoneError("nobody reads the dead letters") from error
            except OSError as error:
                self._wait(error, data[_line_start(data, done) :])

    def sync(self) -> None:
        """Wait until the letters are on the disk, however long that takes.

        Raises:
            TemporaryError: told to stop while the system does not say so.
        """
        while self._file:
            try:
                self._file.sync()
            except OSError as error:
                self._patience.failed(error)
            else:
                self._patience.worked()
                return

    def _some(self, data: bytes, start: int) -> int:
        if self._file:
            return self._file.write(data, start)
        try:
            return os.write(sys.stderr.fileno(), memoryview(data)[start:])
        except BlockingIOError:
            select.select([], [sys.stderr.fileno()], [])
            return 0

    def _wait(self, error: OSError, unwritten: bytes) -> None:
        try:
            self._patience.failed(error)
        except TemporaryError:
            if self._file:
                write_all(sys.stderr.fileno(), unwritten)
            raise


def _line_start(data: bytes, at: int) -> int:
    return data.rfind(b"\n", 0, at) + 1

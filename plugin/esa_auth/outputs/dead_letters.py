"""Dead letters -> NDJSON in a file, or on stderr when no file is named."""

import os
import select
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from esa_auth.errors import OutputGoneError
from esa_auth.outputs.rotated import (
    Appender,
    Limits,
    RotatedFile,
    UnwrittenError,
    open_rotated,
)
from esa_auth.outputs.stdout import write_all
from esa_auth.retry import UNSLICED, Retry

MAX_BYTES = 64 << 20
KEEP = 5


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
        self._retry = Retry(
            f"dead letters: {path or 'stderr'}",
            stopped,
            replace(UNSLICED, sleep=sleep),
        )
        self._file: Appender | None = None
        if path is not None:
            file = RotatedFile(path, Limits(max_bytes, keep), "letters")
            open_rotated(file, path, "dead_letter.file")
            self._file = Appender(file, self._retry)

    def write(self, letters: list[dict[str, Any]]) -> None:
        """Append the letters, each a line; wait while that cannot be done.

        Raises:
            OutputGoneError: the reader of stderr, or of a pipe, is gone.
            TemporaryError: told to stop while waiting; the letters are on stderr.
        """
        option = orjson.OPT_APPEND_NEWLINE
        data = b"".join([orjson.dumps(letter, option=option) for letter in letters])
        if self._file is None:
            self._write_to_stderr(data)
            return
        try:
            self._file.write(data)
        except UnwrittenError as error:
            write_all(sys.stderr.fileno(), error.rest)
            raise

    def sync(self) -> None:
        """Wait until the letters are on the disk.

        Raises:
            TemporaryError: the system does not say so.
        """
        if self._file:
            self._file.sync()

    def _write_to_stderr(self, data: bytes) -> None:
        done = 0
        while done < len(data):
            try:
                done += os.write(sys.stderr.fileno(), memoryview(data)[done:])
            except BlockingIOError:
                select.select([], [sys.stderr.fileno()], [])
            except BrokenPipeError as error:
                raise OutputGoneError("nobody reads the dead letters") from error
            except OSError as error:
                self._retry.failed(error.strerror or str(error))
            else:
                self._retry.worked()

"""Dead letters -> NDJSON in a file, or on stderr when no file is named."""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson

from esa_auth.errors import ConfigError
from esa_auth.outputs.descriptor import write_all


class DeadLetters:
    """Where refused lines are kept."""

    def __init__(
        self, path: str | None, stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Open ``path`` for appending, created for its owner only.

        While the disk is full, ``stop`` is asked whether to go on waiting.

        Raises:
            ConfigError: it cannot be written.
        """
        self._stop = stop
        self._before = b""
        if path is None:
            self._descriptor = sys.stderr.fileno()
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise ConfigError(f"dead_letter.file: {path}: {error.strerror}") from error
        if _is_torn(self._descriptor, path):
            # A crash left half a letter, which must not spoil the next one.
            self._before = b"\n"

    def write(self, letters: list[dict[str, Any]]) -> None:
        """Append the letters, each a line.

        Raises:
            TemporaryError: the file cannot be written now, or not before the stop.
        """
        option = orjson.OPT_APPEND_NEWLINE
        lines = [orjson.dumps(letter, option=option) for letter in letters]
        write_all(self._descriptor, self._before + b"".join(lines), self._stop)
        self._before = b""


def _is_torn(descriptor: int, path: str) -> bool:
    """Say whether the file ends within a line, as far as that can be known."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
        return False
    # A file that may be written but not read: an empty line harms nobody.
    end = b""
    with suppress(OSError):
        reader = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            end = os.pread(reader, 1, status.st_size - 1)
        finally:
            os.close(reader)
    return end != b"\n"

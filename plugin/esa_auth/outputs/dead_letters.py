"""Dead letters -> NDJSON in a file, or on stderr when no file is named."""

import os
import sys
from collections.abc import Callable
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

        Once ``stop`` says so, a full disk is not waited for any more.

        Raises:
            ConfigError: it cannot be written.
        """
        self._stop = stop
        if path is None:
            self._descriptor = sys.stderr.fileno()
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise ConfigError(f"dead_letter.file: {path}: {error.strerror}") from error

    def write(self, letters: list[dict[str, Any]]) -> None:
        """Append the letters, each a line.

        Raises:
            TemporaryError: the file cannot be written now.
        """
        option = orjson.OPT_APPEND_NEWLINE
        lines = [orjson.dumps(letter, option=option) for letter in letters]
        write_all(self._descriptor, b"".join(lines), self._stop)

"""Metrics as a file, for hosts where no port may be opened."""

import logging
import threading
from collections.abc import Callable

SECONDS_BETWEEN = 15.0

_log = logging.getLogger("esa_auth")


class TextFile:
    """Writes now and then, in a thread, and once more at the end."""

    def __init__(
        self, path: str, write: Callable[[str], None], seconds: float = SECONDS_BETWEEN
    ) -> None:
        """``write`` puts the metrics at ``path``, or raises OSError."""
        self._path, self._write, self._seconds = path, write, seconds
        self._over = threading.Event()
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write for the last time."""
        self._over.set()
        self._thread.join()
        self._try()

    def _run(self) -> None:
        while not self._over.is_set():
            self._try()
            self._over.wait(self._seconds)

    def _try(self) -> None:
        """Write; the work does not depend on it, so trouble is said and no more."""
        try:
            self._write(self._path)
        except OSError as error:
            trouble = error.strerror or str(error)
            if trouble != self._trouble:
                _log.warning("metrics.file: %s: %s", self._path, trouble)
            self._trouble = trouble
        else:
            self._trouble = ""

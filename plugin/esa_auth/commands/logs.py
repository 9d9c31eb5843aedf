"""Where our own messages go: stderr, or a file where the host throws stderr away."""

import logging
import os
import time
from io import TextIOWrapper

from esa_auth.errors import ConfigError
from esa_auth.outputs.own_file import open_own
from esa_auth.visible import visible


class OneLine(logging.Formatter):
    """Writes a message on one line, whatever file names are in it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        text = super().formatMessage(record)
        return visible(text, len(text))


def log_to(path: str) -> None:
    """Write messages to ``path`` from now on, each with its time (UTC) and our pid.

    Raises:
        ConfigError: the file cannot be written, or is a link or another user's.
    """
    # Here, because it brings sockets and queues with it and most runs log to stderr.
    from logging.handlers import WatchedFileHandler

    class Handler(WatchedFileHandler):
        """Opens its file, also anew when it was moved away, only if it is our own."""

        def _open(self) -> TextIOWrapper:
            # A message may quote a name that a client gave.
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            descriptor = open_own(path, flags)
            return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")

        def emit(self, record: logging.LogRecord) -> None:
            try:
                super().emit(record)
            except OSError:
                # As for any other failure to write: logging says so on stderr.
                self.handleError(record)

    try:
        handler = Handler(path)
    except OSError as error:
        raise ConfigError(f"log.file: {path}: {error.strerror}") from error
    form = OneLine(
        "%(asctime)sZ esa-auth[%(process)d]: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.getLogger().handlers[:] = [handler]

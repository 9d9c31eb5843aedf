"""Where our own messages go: stderr, or a file where the host throws stderr away."""

import logging
import os
import time

from esa_auth.errors import ConfigError

# A message may quote a name that a client gave.
_OWNER_ONLY = 0o600


def log_to(path: str) -> None:
    """Write messages to ``path`` from now on, each with its time (UTC) and our pid.

    Raises:
        ConfigError: the file cannot be written.
    """
    # Here, because it brings sockets and queues with it and most runs log to stderr.
    from logging.handlers import WatchedFileHandler

    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY))
        handler = WatchedFileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ConfigError(f"log.file: {path}: {error.strerror}") from error
    form = logging.Formatter(
        "%(asctime)sZ esa-auth[%(process)d]: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.getLogger().handlers[:] = [handler]

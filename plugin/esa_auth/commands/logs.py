"""Our own messages: how much is said, in which form, and where to."""

import json
import logging
import os
import time
from io import TextIOWrapper

from esa_auth.errors import ConfigError
from esa_auth.outputs.own_file import open_own
from esa_auth.visible import visible

LEVELS = ("info", "warning", "error")
FORMS = ("text", "json")


class OneLine(logging.Formatter):
    """Writes a message on one line, whatever file names are in it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        text = super().formatMessage(record)
        return visible(text, len(text))


class JsonLine(logging.Formatter):
    """Writes a message as an object with names of ECS, in a line.

    Format: "ECS Logging" of Elastic, which has the first three fields in this order.
    """

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields = {
            "@timestamp": f"{stamp}.{int(record.msecs):03d}Z",
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "ecs.version": "9.4.0",
            "log.logger": record.name,
            "process.pid": record.process,
        }
        if record.exc_info:
            fields["error.stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(fields)


def begin() -> None:
    """Write messages to stderr."""
    told = logging.StreamHandler()
    logging.basicConfig(handlers=[told], level=logging.INFO)
    tell("info", "text")


def tell(level: str, form: str) -> None:
    """Say what is of ``level`` and above, in ``form``; to where we wrote before."""
    root = logging.getLogger()
    root.setLevel(level.upper())
    if root.handlers:
        formatter = JsonLine() if form == "json" else OneLine("esa-auth: %(message)s")
        root.handlers[0].setFormatter(formatter)


def log_to(path: str, level: str = "info", form: str = "text") -> None:
    """Write messages to ``path`` from now on, with their time (UTC) and our pid.

    Raises:
        ConfigError: the file cannot be written, or is a link or another user's.
    """
    # Here, because it brings sockets and queues with it and most runs log to stderr.
    from logging.handlers import WatchedFileHandler

    class Handler(WatchedFileHandler):
        """Opens its file, and again after it was moved away, only if it is ours."""

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
    text = OneLine(
        "%(asctime)sZ esa-auth[%(process)d]: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    text.converter = time.gmtime
    handler.setFormatter(JsonLine() if form == "json" else text)
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.handlers[:] = [handler]

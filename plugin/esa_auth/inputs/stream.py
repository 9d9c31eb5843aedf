"""A file descriptor -> blocks of bytes, and an orderly end on a signal."""

import os
import signal
from types import FrameType

BLOCK = 1 << 20
# Fluentd closes stdin and sends SIGTERM together, and waits 10 s before it gives up on
# a child (measured on 1.19.3): drain for 8.
DRAIN_SECONDS = 8


class _EnoughError(Exception):
    """Raised inside a waiting read to end it."""


class Stream:
    """Reads a descriptor to its end, or for `DRAIN_SECONDS` after a stop signal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reading = False
        self._stopping = False
        self._over = False

    def watch_signals(self) -> None:
        """Take SIGTERM and SIGINT as the end of what is to come; a second ends now."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, self._end)

    def stopping(self) -> bool:
        """Return whether a stop signal came."""
        return self._stopping

    def read(self) -> bytes:
        """Return what there is, at most a block; wait for it; ``b""`` at the end."""
        if self._over:
            return b""
        try:
            self._reading = True
            return os.read(self._descriptor, BLOCK)
        except _EnoughError:
            return b""
        finally:
            self._reading = False

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            self._end(number, frame)
        self._stopping = True
        signal.alarm(DRAIN_SECONDS)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._over = True
        if self._reading:
            raise _EnoughError

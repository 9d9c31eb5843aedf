"""A file descriptor -> blocks of bytes, and a stop signal for those who read others."""

import os
import select
import signal
import stat
from types import FrameType

from esa_auth.signals import release

BLOCK = 256 << 10
# Fluentd closes stdin and sends SIGTERM together, and waits 10 s before it gives up on
# a child (measured on 1.19.3): drain for 8.
DRAIN_SECONDS = 8


class Stream:
    """Reads a descriptor to its end, or for `DRAIN_SECONDS` after a stop signal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waited = [descriptor]
        self._stopping = False
        self._over = False
        self._is_file_read_to_its_end = False

    @property
    def broken_off(self) -> bool:
        """Whether what was read last may be the beginning of a line, and no more.

        True after a stop signal, for a host that stops us may do so while it writes.
        Without one the input is over as its writer left it, and the last line needs no
        newline; whether a writer was killed cannot be told from a pipe.
        """
        return self._stopping and not self._is_file_read_to_its_end

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, which nobody writes on purpose meanwhile."""
        return stat.S_ISREG(os.fstat(self._descriptor).st_mode)

    @property
    def over(self) -> bool:
        """Whether the time to stop has come."""
        return self._over

    def watch_signals(self) -> None:
        """Take SIGTERM and SIGINT as the end of what is to come; a second ends now."""
        # Python writes a byte here the moment a signal comes, which ends the waiting. A
        # handler that raised could do so behind a read, and lose the block.
        awake, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._waited = [self._descriptor, awake]
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, self._end)
        release()

    def read(self, seconds: float | None = None) -> bytes | None:
        """Return what there is, at most a block; wait for it; ``b""`` at the end.

        None if nothing came in so many ``seconds``.
        """
        while not self._over:
            ready, _, _ = select.select(self._waited, [], [], seconds)
            if not ready:
                return None
            if self._descriptor in ready:
                block = os.read(self._descriptor, BLOCK)
                ended = not block and not _is_pipe(self._descriptor)
                self._is_file_read_to_its_end = ended
                return block
            os.read(ready[0], 64)
        return b""

    def _stop(self, number: int, frame: FrameType | None) -> None:
        # Who types the lines has no more of them; a host may have some in the pipe.
        typed = number == signal.SIGINT and os.isatty(self._descriptor)
        if self._stopping or typed:
            self._end(number, frame)
        self._stopping = True
        signal.alarm(DRAIN_SECONDS)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._over = True


def _is_pipe(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


class StopSignal:
    """True once SIGTERM or SIGINT came; to be called from the main thread."""

    def __init__(self) -> None:
        self._came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)
        release()

    def __call__(self) -> bool:
        """Return whether it is time to end."""
        return self._came

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = True

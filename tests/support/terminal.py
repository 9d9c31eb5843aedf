"""A command whose stdin is a terminal, and somebody who types."""

import os
import pty
import select
import subprocess
from contextlib import suppress

from tests.support.process import PATIENCE, Ended, command


class Typed:
    """A running command; ``keys`` are typed once it has said ``until``."""

    def __init__(self, *words: str) -> None:
        self._terminal, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [*command(), *words],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            # Makes it the terminal of the new session, so that Ctrl-C is a signal.
            preexec_fn=_take_terminal,
        )
        os.close(theirs)
        self._said = b""

    def press(self, keys: bytes, until: str = "") -> None:
        """Type ``keys`` as soon as stderr has ``until``."""
        assert self._process.stderr is not None
        descriptor = self._process.stderr.fileno()
        while until.encode() not in self._said:
            ready, _, _ = select.select([descriptor], [], [], PATIENCE)
            assert ready, f"{until!r} was not said: {self._said!r}"
            block = os.read(descriptor, 1 << 16)
            assert block, f"{until!r} was not said: {self._said!r}"
            self._said += block
        os.write(self._terminal, keys)

    def end(self) -> Ended:
        """Wait for its end."""
        try:
            stdout, stderr = self._process.communicate(timeout=PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                self._process.kill()
            os.close(self._terminal)
        said = (self._said + stderr).decode("utf-8", "replace")
        return Ended(self._process.returncode, stdout, said)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

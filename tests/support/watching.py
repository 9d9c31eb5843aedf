"""`esa-auth watch` in a terminal that is ours."""

import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import ioctl

import pyte

from tests.support.process import PATIENCE, command

ROWS, COLUMNS = 24, 80
# The terminal becomes that of the session, as a login shell's is.
_START = (
    "import os, sys; os.setsid(); t = os.open(sys.argv[1], os.O_RDWR);"
    "os.dup2(t, 1); os.dup2(t, 2); os.execv(sys.argv[2], sys.argv[2:])"
)


class Terminal:
    """A terminal with the command in it; stdin is a pipe of its own."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self._keys, other = pty.openpty()
        ioctl(other, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(other)
        self.other = other
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, os.ttyname(other), *command(), *words],
            stdin=subprocess.PIPE,
            env=os.environ | {"TERM": "xterm"},
            bufsize=0,
        )

    def feed(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def press(self, key: bytes) -> None:
        os.write(self._keys, key)

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def see(self, *words: str) -> None:
        """Wait until all words stand on the screen."""
        self.reach(lambda text: all(word in text for word in words))

    def reach(self, good: Callable[[str], bool]) -> None:
        """Wait until ``good`` says so of the screen, which may be half redrawn."""
        until = time.monotonic() + PATIENCE
        while not good(self.text):
            assert time.monotonic() < until, self.text
            self._read()

    def code(self) -> int:
        """Wait for the end; return the exit code."""
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < until, self.text
            self._read()
        self._read()
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        assert self.process.stdin is not None
        self.process.stdin.close()
        os.close(self._keys)
        os.close(self.other)

    def _read(self) -> None:
        if select.select([self._keys], [], [], 0.1)[0]:
            block = os.read(self._keys, 1 << 16)
            self.raw += block
            self._stream.feed(block)


@contextmanager
def watching(*words: str) -> Iterator[Terminal]:
    terminal = Terminal(("watch", *words))
    try:
        yield terminal
    finally:
        terminal.close()

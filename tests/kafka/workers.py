"""`esa-auth stream` as processes that are started, stopped and killed."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.soak.sizes import HANG
from tests.support.process import Account, account_of, command

#: Of one that lost its brokers, or whose work was given to another.
_AGAIN = 75


class Worker:
    """One worker with its own directories; at most one process at a time."""

    def __init__(self, folder: Path, config: Path, *words: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._errors = folder / "stderr"
        self.state = folder / "state"
        self._argv = [
            *(*command(), "stream", "--config", str(config)),
            *("--state-dir", str(self.state), *words),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self.frozen = False
        self.gave_up = 0

    def start(self) -> None:
        """Start it."""
        assert self._process is None
        self.starts += 1
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stderr=errors
            )

    def watch(self) -> None:
        """Start it again if it ended by itself, as a supervisor does."""
        if self._process is not None and self._process.poll() is not None:
            assert self._process.returncode == _AGAIN, self.told()[-3000:]
            self.gave_up += 1
            self._process = None
            self.start()

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it with SIGKILL."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(HANG)
        self._process = None
        self.frozen = False

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does, as a host that swaps would."""
        os.kill(self.pid, signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """Let it go on, if it is still the one that was frozen."""
        if self.running and self.frozen:
            os.kill(self.pid, signal.SIGCONT)
        self.frozen = False

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(HANG)
        self._process = None
        return code

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    @property
    def works(self) -> bool:
        """Whether the process that was started last has come so far as to work.

        One that gave up is started again, as a supervisor does: brokers that have just
        started may have no leader yet.
        """
        self.watch()
        return self.running and self.told().count("started\n") == self.starts

    def told(self) -> str:
        """Return all that was written to stderr, of every start."""
        return self._errors.read_text("utf-8") if self._errors.exists() else ""

    def account(self) -> Account:
        """Return the account that its last end wrote."""
        last = [x for x in self.told().splitlines() if " lines = " in x][-1]
        return account_of(last)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            print(self.told()[-4000:])
        if self._process is not None:
            self.kill()


def wait_until(true: Callable[[], bool], every: float = 0.2) -> None:
    """Return when the question ``true`` is answered yes."""
    until = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < until
        time.sleep(every)

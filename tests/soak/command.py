"""The real command, started again and again on one state directory."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.soak.events import Events, read_events
from tests.soak.sizes import HANG

ESA_AUTH = (sys.executable, "-m", "esa_auth")
#: Exit codes after a stop: Python dies of a signal that comes before main() has begun.
ENDED = {0, -signal.SIGTERM}
_WRITER = Path(__file__).with_name("writer.py")


class Command:
    """`esa-auth` with one set of arguments; at most one process at a time."""

    def __init__(
        self, folder: Path, *arguments: object, program: Sequence[str] = ESA_AUTH
    ) -> None:
        self.errors = folder / "stderr"
        self.starts = 0
        self._argv = [*program, *map(str, arguments)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, stdout: IO[bytes] | int | None = None, **env: str) -> None:
        """Start a process that appends to the file of errors."""
        self.starts += 1
        with self.errors.open("ab") as errors:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if stdout is None else stdout,
                stderr=errors,
                env={**os.environ, **env},
            )

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process started last."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(HANG)

    def told(self) -> str:
        """Return all that was written to stderr."""
        return self.errors.read_text("utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            if kind is not None:
                print(self.told()[-4000:])
            self._process.kill()
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()


def start_writer(
    source: Path, folder: Path, style: str, seconds: float
) -> "subprocess.Popen[bytes]":
    """Start the process that writes ``source`` into ``folder``."""
    folder.mkdir(exist_ok=True)
    arguments = [str(source), str(folder), style, str(seconds)]
    return subprocess.Popen([sys.executable, str(_WRITER), *arguments])


def clean_run(source: Path, folder: Path, *options: object) -> Events:
    """Return the events of an undisturbed run over ``source``."""
    out = folder / "clean.json"
    with source.open("rb") as lines, out.open("wb") as events:
        subprocess.run(
            # With a state directory open sessions stay open, as they do in tail.
            [
                *(*ESA_AUTH, "filter", "--state-dir", folder / "clean-state"),
                *("--dead-letter", folder / "clean-dead"),
                *map(str, options),
            ],
            stdin=lines,
            stdout=events,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    found = read_events(out)
    out.unlink()
    assert found.duplicates == 0
    assert found.has_last
    return found


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Return when it is true; fail when it hangs."""
    end = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < end, f"hangs: {what}"
        time.sleep(0.02)


def wait_for_state(folder: Path) -> None:
    """Return when the first start has begun: what is rotated before that is old."""
    wait_until((folder / "state" / "checkpoint.a").exists, "nothing is saved")

"""rsyslog's omprog with ``confirmMessages="on"``, as far as its program can see it.

It hands over a line and waits for ``OK``; when the program ends instead, it starts it
again and hands over the same line. What a dying program left in the pipe is read first,
as `poll` and `read` of omprog do.
"""

import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from tests.soak.forks import Forked, Forks

Child: TypeAlias = "subprocess.Popen[bytes] | Forked"
PROGRAM = (sys.executable, "-m", "esa_auth")


class Host:
    """Runs `esa-auth filter --ack rsyslog`, one process at a time."""

    def __init__(
        self,
        address: str,
        folder: Path,
        program: Sequence[str] = PROGRAM,
        forks: Forks | None = None,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.state, self.errors = folder / "state", folder / "stderr"
        self.starts = 0
        self._program, self._forks = program, forks
        self._words = ["filter", "--ack", "rsyslog", "--forward", address]
        self._words += ["--state-dir", str(self.state)]
        self._words += ["--dead-letter", str(folder / "dead.ndjson")]
        self._child: Child | None = None

    def start(self) -> "Child":
        """Start the program unless it runs; return it when it is ready."""
        while self._child is None:
            self.starts += 1
            with self.errors.open("ab") as errors:
                if self._forks:
                    self._child = self._forks.start(self._words, errors)
                else:
                    self._child = subprocess.Popen(
                        [*self._program, *self._words],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=errors,
                    )
            self._answered()
        return self._child

    def hand(
        self, line: bytes, kill_after: float | None = None, stops: int = 0
    ) -> None:
        """Hand over a line until it is confirmed.

        The program is killed once after ``kill_after`` seconds; after a death it is
        stopped in order so often before the line is handed over again.
        """
        while not self._confirmed(line, kill_after):
            kill_after = None
            for _ in range(stops):
                assert self.stop() == 0

    def hand_all(self, lines: Iterable[bytes]) -> None:
        """Hand over all lines, undisturbed."""
        for line in lines:
            self.hand(line)

    def kill(self) -> None:
        """End the program with SIGKILL between two lines."""
        if self._child is not None:
            self._child.kill()
            self._bury()

    def die_unread(self, line: bytes) -> None:
        """Hand over a line and end as a killed host does, its OK unread."""
        child = self.start()
        assert child.stdin is not None
        child.stdin.write(line + b"\n")
        child.stdin.close()
        child.wait(60)
        self._bury()

    def stop(self) -> int:
        """End the program in order; return its exit code."""
        child = self.start()
        assert child.stdin is not None
        child.stdin.close()
        code = child.wait(60)
        self._bury()
        return code

    def _confirmed(self, line: bytes, kill_after: float | None) -> bool:
        child = self.start()
        assert child.stdin is not None
        timer = threading.Timer(kill_after or 0, child.kill)
        if kill_after is not None:
            timer.start()
        try:
            child.stdin.write(line + b"\n")
            child.stdin.flush()
            return self._answered()
        except BrokenPipeError:
            self._bury()
            return False
        finally:
            if kill_after is not None:
                timer.join()

    def _answered(self) -> bool:
        assert self._child is not None
        assert self._child.stdout is not None
        answer = self._child.stdout.readline()
        if answer == b"OK\n":
            return True
        assert answer == b"", answer
        self._bury()
        return False

    def _bury(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.wait()
        for pipe in (child.stdin, child.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and self.errors.exists():
            print(self.errors.read_text("utf-8")[-4000:])
        self.kill()

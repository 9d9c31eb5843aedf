"""The real command over real pipes, and the account on its last line of stderr."""

import os
import re
import select
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson

# To fail a test that hangs; nothing is measured by it.
PATIENCE = 60.0

_CLOSING = re.compile(
    r"esa-auth: (?P<lines>\d+) lines = (?P<results>\d+) results"
    r" \+ (?P<ancillary>\d+) ancillary \+ (?P<context>\d+) context"
    r" \+ (?P<ignored>-?\d+) ignored \+ (?P<rejected>\d+) rejected;"
    r" (?P<session_ends>\d+) session ends, (?P<dead_letters>\d+) dead letters"
    r"(?:, (?P<session_progress>\d+) reports on open sessions)?"
)


def command() -> list[str]:
    """Return the words that start `esa-auth` of the Python that runs the tests."""
    script = Path(sysconfig.get_path("scripts"), "esa-auth")
    return [str(script)] if script.exists() else [sys.executable, "-m", "esa_auth"]


@dataclass(frozen=True, slots=True)
class Account:
    """The closing line."""

    lines: int
    results: int
    ancillary: int
    context: int
    ignored: int
    rejected: int
    session_ends: int
    dead_letters: int
    session_progress: int

    @property
    def events(self) -> int:
        """How many events must have left."""
        of_sessions = self.session_ends + self.session_progress
        return self.results + self.ancillary + of_sessions


def account_of(stderr: str) -> Account:
    """Return the account that ends ``stderr``; it must be there once and add up."""
    found = [m for line in stderr.splitlines() if (m := _CLOSING.fullmatch(line))]
    assert len(found) == 1, stderr[-2000:]
    account = Account(**{k: int(v or 0) for k, v in found[0].groupdict().items()})
    assert account.ignored >= 0
    assert account.lines == (
        account.results
        + account.ancillary
        + account.context
        + account.ignored
        + account.rejected
    )
    assert account.dead_letters >= account.rejected
    return account


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process left."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events on stdout, JSON."""
        assert self.stdout.endswith(b"\n") or not self.stdout
        return [orjson.loads(line) for line in self.stdout.splitlines()]

    @property
    def letters(self) -> list[dict[str, Any]]:
        """The dead letters on stderr."""
        return [orjson.loads(x) for x in self.stderr.splitlines() if x[:1] == "{"]

    @property
    def account(self) -> Account:
        """The closing line."""
        return account_of(self.stderr)

    def assert_complete(self, code: int = 0) -> Account:
        """Exit ``code``, and as many events and letters as the account says."""
        assert self.code == code, self.stderr[-2000:]
        assert "Traceback" not in self.stderr
        account = self.account
        assert len(self.events) == account.events
        assert len(self.letters) == account.dead_letters
        return account

    def assert_refused(self, *words: str, code: int = 2) -> None:
        """One line on stderr that says why, and nothing else."""
        assert self.code == code, self.stderr[-2000:]
        assert self.stdout == b""
        (line,) = self.stderr.splitlines()
        assert line.startswith("esa-auth: ")
        for word in words:
            assert word in line


def esa_auth(
    *words: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str
) -> Ended:
    """Run the command to its end."""
    done = subprocess.run(
        [*command(), *words],
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        cwd=cwd,
        env=os.environ | environment,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


class Running:
    """A command that runs while the test talks to it. Killed at the end of `with`."""

    def __init__(
        self, *words: str, blocking: bool = True, stdin: BinaryIO | None = None
    ) -> None:
        # A file, so that nobody has to read it for the process to go on.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self.stdout, end = os.pipe()
        os.set_blocking(end, blocking)
        self._process = subprocess.Popen(
            [*command(), *words],
            stdin=subprocess.PIPE if stdin is None else stdin,
            stdout=end,
            stderr=self._stderr,
            bufsize=0,
        )
        os.close(end)
        self._gone = False
        self._rest = b""
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)
        self.close_stdin()
        self.close_stdout()
        self._stderr.close()

    @property
    def stdin(self) -> int:
        """The descriptor that feeds it."""
        assert self._process.stdin is not None
        return self._process.stdin.fileno()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def feed(self, lines: Sequence[bytes]) -> None:
        """Write lines to its stdin, waiting for it."""
        self.write(b"".join(line + b"\n" for line in lines))

    def write(self, data: bytes) -> None:
        """Write bytes to its stdin, waiting for it."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.stdin, view) :]

    def close_stdin(self) -> None:
        """Let its stdin end."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def close_stdout(self) -> None:
        """Stop being the reader of its stdout."""
        if not self._gone:
            os.close(self.stdout)
        self._gone = True

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def told(self) -> str:
        """Return what it has written to stderr so far."""
        return os.pread(self._stderr.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def next_event(self) -> dict[str, Any]:
        """Wait for an event."""
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.stdout], [], [], PATIENCE)
            assert ready, "no event came"
            block = os.read(self.stdout, 1 << 16)
            assert block, "stdout ended"
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\n")
        self._read += line + b"\n"
        event: dict[str, Any] = orjson.loads(line)
        return event

    def finish(self) -> Ended:
        """Read its stdout to the end and wait for it; with what was read before."""
        if not self._gone:
            blocks = [self._read, self._rest]
            while True:
                ready, _, _ = select.select([self.stdout], [], [], PATIENCE)
                assert ready, "stdout does not end"
                block = os.read(self.stdout, 1 << 20)
                if not block:
                    break
                blocks.append(block)
            self._read, self._rest = b"".join(blocks), b""
        code = self._process.wait(PATIENCE)
        self._stderr.seek(0)
        return Ended(code, self._read, self._stderr.read().decode("utf-8", "replace"))

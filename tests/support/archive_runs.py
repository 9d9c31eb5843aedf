"""Runs of the real program, its account of every line, and logs for it to read."""

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

_MAIN = "import sys\nfrom esa_auth.__main__ import main\nsys.exit(main())\n"
_ACCOUNT = re.compile(
    r"(\d+) lines = (\d+) results \+ (\d+) ancillary \+ (\d+) context"
    r" \+ (\d+) ignored \+ (\d+) rejected; (\d+) session ends, (\d+) dead letters"
)
_NAMES = "lines results ancillary context ignored rejected session_ends dead_letters"


@dataclass(frozen=True)
class Ran:
    """What a run left."""

    code: int
    out: bytes
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def ids(self) -> list[str]:
        return [event["event"]["id"] for event in self.events]

    @property
    def account(self) -> dict[str, int]:
        """The closing line; every line is in exactly one of its kinds."""
        found = _ACCOUNT.search(self.err)
        assert found, self.err
        counts = dict(zip(_NAMES.split(), map(int, found.groups()), strict=True))
        kinds = list(counts.values())[1:6]
        assert counts["lines"] == sum(kinds), counts
        return counts


def command(*args: object, before: str = "") -> list[str]:
    """Return argv; ``before`` is Python that runs ahead of the program."""
    code = f"{before}\n{_MAIN}"
    return [sys.executable, "-W", "error", "-c", code, *map(str, args)]


def run(*args: object, stdin: bytes = b"", before: str = "") -> Ran:
    """Run the program to its end."""
    done = subprocess.run(
        command(*args, before=before), input=stdin, capture_output=True, timeout=60
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


def on_a_terminal(*args: object) -> Ran:
    """Return what a run leaves whose stderr is a terminal."""
    ours, theirs = pty.openpty()
    with tempfile.TemporaryFile() as stdout:
        process = subprocess.Popen(command(*args), stdout=stdout, stderr=theirs)
        os.close(theirs)
        said = b""
        try:
            while block := os.read(ours, 4096):
                said += block
        except OSError:
            # The other end of a terminal is closed (EIO on Linux).
            os.close(ours)
        code = process.wait(60)
        stdout.seek(0)
        return Ran(code, stdout.read(), said.decode())


def letters_in(*paths: Path) -> list[dict[str, Any]]:
    """Return the dead letters of files, each line a whole one."""
    texts = [path.read_bytes() for path in paths]
    assert all(text.endswith(b"\n") for text in texts if text)
    return [json.loads(line) for text in texts for line in text.splitlines()]


def auth(icid: int, user: str, outcome: str = "failed") -> str:
    """Return the body of a verdict."""
    return (
        f"SMTP Auth: (ICID {icid}) {outcome} for user: {user} using AUTH mechanism:"
        " PLAIN with profile: staff"
    )


def opening(icid: int) -> str:
    """Return the body that opens a connection."""
    return (
        f"New SMTP ICID {icid} interface mail (192.0.2.1) address 198.51.100.7"
        " reverse dns host unknown verified no"
    )


class Appliance:
    """Writes log files one after the other; connections go on from file to file."""

    def __init__(self, seed: int, serial: str | None, began: datetime) -> None:
        self._random = Random(seed)
        self._serial = serial
        self._now = began
        self._icid = seed * 1000
        self._open: list[int] = []

    def file(self, connections: int) -> tuple[str, bytes]:
        """Return the name and the text of the next file."""
        name = f"mail_logs.@{self._now:%Y%m%dT%H%M%S}.s"
        bodies: list[str] = []
        if self._serial:
            bodies += ["Begin Logfile", f"Version: 14.0.0-698 SN: {self._serial}"]
            bodies += ["Time offset from UTC: -21600 seconds"]
        lines = [self._line(body) for body in bodies]
        for _ in range(connections):
            lines += map(self._line, self._connection())
            self._now += timedelta(seconds=self._random.choice((0, 0, 1, 2)))
        return name, "".join(lines).encode()

    def files(self, folder: Path, count: int, connections: int) -> list[Path]:
        """Write files into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for _ in range(count):
            name, text = self.file(connections)
            paths.append(folder / name)
            paths[-1].write_bytes(text)
            self._now += timedelta(seconds=3)
        return paths

    def _line(self, body: str) -> str:
        return f"{self._now:%a %b %e %H:%M:%S %Y} Info: {body}\n"

    def _connection(self) -> list[str]:
        self._icid += 1
        icid, choose = self._icid, self._random.choice
        self._open.append(icid)
        bodies = [opening(icid), f"ICID {icid} ACCEPT SG None match ALL SBRS None"]
        for _ in range(choose((0, 1, 2))):
            # The same line twice in a second now and then.
            verdict = auth(
                icid, f"u{choose(range(9))}", choose(("failed", "succeeded"))
            )
            bodies += [verdict] * choose((1, 1, 2))
        if choose(range(20)) == 0:
            bodies.append(f"SMTP Auth: (ICID {icid}) in words of another version")
        while len(self._open) > choose(range(2, 9)):
            bodies.append(f"ICID {self._open.pop(0)} close")
        return bodies

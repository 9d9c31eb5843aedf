"""Progress bars: on a terminal, and nowhere else."""

import io
import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest

from esa_auth.commands.bar import Bar
from tests.support.process import PATIENCE, command, esa_auth

DETECTIONS = Path(__file__).parents[2] / "examples" / "detections" / "mail_logs"
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?[34][0-9](?:;[0-9;]*)?m")


def on_terminal(*words: str, **environment: str) -> bytes:
    """Run with a terminal for stderr; return what was written to it."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [*command(), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"} | environment,
        )
        seen = b""
        while process.poll() is None or select.select([ours], [], [], 0)[0]:
            if select.select([ours], [], [], 0.1)[0]:
                seen += os.read(ours, 1 << 16)
        assert process.wait(PATIENCE) == 0, seen
    finally:
        os.close(ours)
        os.close(theirs)
    return seen


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a file of dead letters."""
    path = tmp_path_factory.mktemp("letters") / "dead.ndjson"
    line = b"Mon Mar  2 09:02:00 2026 Info: SMTP Auth: (ICID 1) wondered\n"
    esa_auth("filter", "--dead-letter", str(path), stdin=line * 50)
    return path


@pytest.fixture(params=["convert", "report", "replay"])
def words(
    request: pytest.FixtureRequest, tmp_path: Path, letters: Path
) -> tuple[str, ...]:
    commands: dict[str, tuple[str, ...]] = {
        "convert": ("convert", "-o", str(tmp_path / "events"), str(DETECTIONS)),
        "report": ("report", "-o", str(tmp_path / "page.html"), str(DETECTIONS)),
        "replay": (
            "replay",
            "--dead-letter",
            str(tmp_path / "again"),
            str(letters),
        ),
    }
    return commands[request.param]


def test_a_terminal_sees_a_bar_that_goes_again(words: tuple[str, ...]) -> None:
    seen = on_terminal(*words)
    assert words[0].encode() in seen
    assert re.search(rb"\d+(?:\.\d)?/\d+(?:\.\d)? \w*bytes|[KM]iB", seen)
    assert seen.rindex(b"\x1b[?25h") > seen.index(b"\x1b[?25l")


def test_a_bar_tells_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readings make a rate, and with it the time that is left."""
    terminal = _Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    # pytest's own handler of log lines is not to be given our terminal.
    monkeypatch.setattr("esa_auth.commands.bar._log_to_stderr", lambda: None)
    for name, value in (("TERM", "xterm"), ("COLUMNS", "100"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    with Bar("report", 4096, quiet=False) as bar:
        for done in (1024, 2048, 3072):
            bar.read(done)
    assert re.search(r"3\.0/4\.0 KiB [0-9.]+ \w+/s 0:00:0", terminal.getvalue())


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_colour_where_none_is_wanted(words: tuple[str, ...]) -> None:
    assert COLOUR.search(on_terminal(*words))
    assert not COLOUR.search(on_terminal(*words, NO_COLOR="1"))


def test_quiet_is_quiet(words: tuple[str, ...]) -> None:
    assert b"\x1b" not in on_terminal(words[0], "--quiet", *words[1:])


def test_a_pipe_sees_no_bar(words: tuple[str, ...]) -> None:
    done = esa_auth(*words)
    assert done.code == 0
    assert all(line.startswith("esa-auth: ") for line in done.stderr.splitlines())

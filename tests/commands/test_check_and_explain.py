"""`check` and `explain` as processes: what they print of events, lines, any bytes."""

import os
import subprocess
from pathlib import Path

import orjson
import pytest

from tests.commands.attempts import QUICK_START, UNREAD, stream_of
from tests.support.harness import inbound, native, opened
from tests.support.process import command, esa_auth


@pytest.mark.parametrize("words", [("check",), ("explain", "a line")])
def test_nobody_reads_what_is_printed(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*command(), *words], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == 74
    assert ended.stderr == b"esa-auth: stdout: No space left on device\n"

    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        ended = subprocess.run(
            [*command(), *words], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (ended.returncode, ended.stderr) == (74, b"")


def test_check_of_the_defaults() -> None:
    ended = esa_auth("check")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout == b"configuration: good (defaults)\n"


def test_check_of_events(tmp_path: Path) -> None:
    events = esa_auth("filter", stdin=stream_of(QUICK_START)).events
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(map(orjson.dumps, events)) + b"\n\n")
    ended = esa_auth("check", "--events", str(file))
    assert ended.code == 0
    assert b"events: 4 good, 0 refused" in ended.stdout

    events[1]["event"]["outcome"] = "perhaps"
    del events[2]["@timestamp"]
    deep = b"[" * 900 + b"]" * 900
    bad = [*map(orjson.dumps, events), b"{", b"7", deep, b"\xff"]
    file.write_bytes(b"\n".join(bad))
    ended = esa_auth("check", "--events", str(file))
    assert ended.code == 1
    assert b"events: 2 good, 6 refused" in ended.stdout
    assert "Traceback" not in ended.stderr
    for number, word in ((2, "perhaps"), (3, "@timestamp"), (5, "not JSON")):
        assert any(
            f"{file}:{number}: " in line and word in line
            for line in ended.stderr.splitlines()
        )


def test_check_of_events_that_are_not_there(tmp_path: Path) -> None:
    ended = esa_auth("check", "--events", str(tmp_path / "none"))
    assert ended.code == 2
    assert "No such file" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_explain_of_an_argument() -> None:
    ended = esa_auth("explain", native(inbound()).decode(), COLUMNS="200")
    text = ended.stdout.decode()
    assert ended.code == 0
    for word in ("inbound result", "ann", "PLAIN", "staff", "2009-04-22T11:00:00"):
        assert word in text


def test_explain_of_stdin_line_by_line() -> None:
    lines = [*map(native, opened()), UNREAD, native("nothing to us"), b"", b"\r"]
    ended = esa_auth("explain", stdin=stream_of(lines), COLUMNS="200")
    text = ended.stdout.decode()
    assert ended.code == 0
    assert text.count("appliance") == 4
    assert text.count("rejected: ") == 1
    assert text.count("ignored: ") == 1


def test_explain_of_hostile_bytes() -> None:
    """No byte of a line reaches the terminal as a command to it."""
    every = bytes(set(range(256)) - {10})
    user = b"\x1b[2J\x07\x9b\xe2\x80\xae[bold red]x[/]" + every
    lines = [native(inbound(user=user)), every, b"\x00", b"<999>" + every]
    ended = esa_auth("explain", stdin=stream_of(lines), COLUMNS="2000")
    text = ended.stdout.decode()
    assert ended.code == 0
    assert ended.stderr == ""
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "\\x1b[2J" in text
    assert "[bold red]x[/]" in text

    argument = os.fsdecode(native(inbound(user=user.replace(b"\x00", b""))))
    ended = esa_auth("explain", argument)
    assert ended.code == 0
    assert ended.stderr == ""

"""`filter --reply`: one answer for each line, whatever the line is."""

import os
import select
import signal
import subprocess
from pathlib import Path

import orjson
import pytest

from tests.support.harness import Event, inbound, native, opened
from tests.support.process import PATIENCE, command, esa_auth
from tests.support.secret_files import write_secret

LINES = [*(native(body) for body in (*opened(), inbound())), native("ICID 450 close")]
# A line, and how many events its answer has.
ODD = {
    "nothing": (b"", 0),
    "carriage return": (b"\r", 0),
    "blanks": (b"   ", 0),
    "no log": (b"hello", 0),
    "rejected": (native("SMTP Auth: (ICID 9) did what it did"), 0),
    "over-long": (native(inbound(9, user=b"a" * 70_000)), 0),
    "longer than any record": (b"x" * 300_000, 0),
    "bytes": (bytes(range(1, 10)) + b"\xff\x00\xfe", 0),
    "like msgpack": (b"\xdf\x00 odd", 0),
    "orphan": (native(inbound(9)), 1),
    "several events": (
        b"<22>Apr 22 11:47:00 esa01 mail_logs: message repeated 3 times: ["
        b" Info: SMTP Auth: (ICID 9) failed for user: ann using AUTH mechanism: PLAIN"
        b" with profile: staff]",
        3,
    ),
}


class Child:
    """The command as a host has it: it writes a line, and reads one."""

    def __init__(self, folder: Path, form: str, *words: str) -> None:
        self.log, self.dead = folder / "log", folder / "dead"
        self._process = subprocess.Popen(
            [
                *(*command(), "filter", "--reply", form),
                *("--state-dir", str(folder / "s"), "--log-file", str(self.log)),
                *("--dead-letter", str(self.dead), *words),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout

    def answer(self, line: bytes) -> bytes:
        """Write a line; return its answer, of which there must be one only."""
        data = memoryview(line + b"\n")
        while data:
            data = data[self._in.write(data) :]
        answer = b""
        while not answer.endswith(b"\n"):
            assert select.select([self._out], [], [], PATIENCE)[0], "no answer"
            block = os.read(self._out.fileno(), 1 << 16)
            assert block, "it ended"
            answer += block
        assert answer.count(b"\n") == 1
        return answer

    def write(self, half: bytes) -> None:
        """Write a line without its end."""
        self._in.write(half)

    def stop_within(self, half: bytes) -> None:
        """Write a line without its end, then the signal of a stop."""
        self.write(half)
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._in.close()
        self._out.close()

    def end(self) -> bytes:
        """Let stdin end; return what it wrote without being asked."""
        self._in.close()
        rest = self._out.read()
        self._out.close()
        assert self._process.wait(PATIENCE) == 0
        return rest


@pytest.fixture(params=["mmexternal", "array"])
def form(request: pytest.FixtureRequest) -> str:
    """Each form of an answer."""
    return str(request.param)


def events(form: str, answer: bytes) -> list[Event]:
    """Return what is in an answer, as its host would."""
    found = orjson.loads(answer)
    if form == "array":
        assert isinstance(found, list)
        return found
    assert answer == b"{}\n" or found.keys() == {"$!"}
    inner: dict[str, list[Event]] = found.get("$!", {"esa_auth": []})
    assert inner.keys() == {"esa_auth"}
    return inner["esa_auth"]


@pytest.mark.parametrize("odd", ODD)
def test_a_line_of_any_kind_has_one_answer(form: str, odd: str, tmp_path: Path) -> None:
    child = Child(tmp_path, form)
    line, count = ODD[odd]
    assert len(events(form, child.answer(line))) == count
    # The next one has its own, and its events.
    numbers = [len(events(form, child.answer(line))) for line in LINES]
    assert numbers == [0, 0, 1, 1]
    assert child.end() == b""
    letters = [orjson.loads(x) for x in child.dead.read_bytes().splitlines()]
    assert len(letters) == (odd in {"rejected", "over-long"})


def test_the_events_are_those_of_a_filter(form: str, tmp_path: Path) -> None:
    child = Child(tmp_path, form)
    found = [e for line in LINES for e in events(form, child.answer(line))]
    child.end()
    plain = esa_auth("filter", stdin=b"".join(line + b"\n" for line in LINES))
    assert found == plain.events


def test_an_open_session_goes_on_at_the_next_start(form: str, tmp_path: Path) -> None:
    first = Child(tmp_path, form)
    for line in LINES[:3]:
        first.answer(line)
    # No end of the session for which there is no line.
    assert first.end() == b""
    second = Child(tmp_path, form)
    (end,) = events(form, second.answer(LINES[3]))
    assert end["event"]["action"] == "smtp-session-end"
    assert end["source"]["ip"] == "198.51.100.7"
    second.end()


def test_kill_9_forgets_no_line_that_has_its_answer(form: str, tmp_path: Path) -> None:
    plain = esa_auth("filter", stdin=b"".join(line + b"\n" for line in LINES))
    found = []
    for line in LINES:
        child = Child(tmp_path, form)
        found += events(form, child.answer(line))
        child.kill()
    assert found == plain.events


def test_with_privacy_no_line_is_kept_in_the_state(tmp_path: Path) -> None:
    write_secret(tmp_path / "key", b"k" * 32)
    (tmp_path / "c.yaml").write_text(
        f"event_id: {{key_file: {tmp_path / 'key'}}}\n"
        f"privacy: {{pseudonymize: true, key_file: {tmp_path / 'key'}}}\n"
    )
    child = Child(tmp_path, "array", "--config", str(tmp_path / "c.yaml"))
    for line in LINES[:3]:
        child.answer(line)
    child.kill()
    kept = b"".join(x.read_bytes() for x in (tmp_path / "s").iterdir())
    assert b"user: ann" not in kept


def test_a_last_line_without_its_end_has_its_answer(form: str, tmp_path: Path) -> None:
    """Its writer is done: nobody stops us."""
    child = Child(tmp_path, form)
    child.write(LINES[2])
    answer = child.end()
    assert answer.count(b"\n") == 1
    assert len(events(form, answer)) == 1


def test_half_a_line_at_a_stop_is_a_dead_letter_and_has_no_answer(
    form: str, tmp_path: Path
) -> None:
    child = Child(tmp_path, form)
    child.answer(LINES[0])
    child.stop_within(LINES[2][:-5])
    assert child.end() == b""
    (letter,) = map(orjson.loads, child.dead.read_bytes().splitlines())
    assert letter["error"]["type"] == "cut"


@pytest.mark.parametrize(
    ("without", "extra", "word"),
    [
        ("--state-dir", [], "--state-dir"),
        ("--dead-letter", [], "--dead-letter"),
        ("--log-file", [], "--log-file"),
        (None, ["--forward", "127.0.0.1:1"], "forward"),
        (None, ["--output", "msgpack"], "output.format"),
        (None, ["--input", "msgpack"], "input.format"),
        (None, ["--join-wrapped"], "input.join_wrapped"),
        (None, ["--ack", "rsyslog"], "--ack"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    without: str | None, extra: list[str], word: str, tmp_path: Path
) -> None:
    places = {"--state-dir": "s", "--dead-letter": "dead", "--log-file": "log"}
    words = [
        text
        for option, name in places.items()
        if option != without
        for text in (option, str(tmp_path / name))
    ]
    ended = esa_auth("filter", "--reply", "array", *words, *extra)
    assert ended.code == 2
    assert ended.stdout == b""
    log = tmp_path / "log"
    said = ended.stderr + (log.read_text() if log.exists() else "")
    assert word in said

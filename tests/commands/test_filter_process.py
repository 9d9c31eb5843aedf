"""`esa-auth` as a process: its pipes, its signals, its exit codes, its account."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgpack
import orjson
import pytest

from tests.support.harness import inbound, native, opened
from tests.support.process import PATIENCE, Ended, Running, command, esa_auth

# Cisco note 118570, as in examples/quickstart.
QUICK_START = (
    b"Wed Apr 22 11:43:59 2009 Info: New SMTP ICID 450 interface IncomingMail "
    b"(172.16.155.16) address 172.16.155.102 reverse dns host unknown verified no",
    b"Wed Apr 22 11:43:59 2009 Info: ICID 450 ACCEPT SG None match ALL SBRS None",
    b"Wed Apr 22 11:44:48 2009 Info: SMTP Auth: (ICID 450) succeeded for user: "
    b"ironport using AUTH mechanism: PLAIN with profile: IncomingAuthentication",
    b"Wed Apr 22 11:46:14 2009 Info: ICID 450 close",
    b"Wed Apr 22 11:06:20 2009 Info: New SMTP DCID 5633 interface 172.16.155.16 "
    b"address 172.16.155.102 port 25",
    b"Wed Apr 22 11:06:20 2009 Info: DCID: 5633 IP: 172.16.155.102 SMTP "
    b"authentication using the profile OutboundAuthentication succeeded.",
    b"Wed Apr 22 11:06:25 2009 Info: DCID 5633 close",
    b"Wed Apr 22 11:06:26 2009 Info: MID 7 Subject 'nothing to us'",
)
ACTIONS = ["smtp-auth", "smtp-session-end", "smtp-auth-client", "smtp-session-end"]
UNREAD = native("SMTP Auth: a wording that nobody knows")


def stream_of(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def attempts(count: int, first: int = 0) -> list[bytes]:
    """Return the lines of so many attempts, each with a user of its own."""
    users = range(first, first + count)
    return [native(inbound(icid=7, user=f"user{n}")) for n in users]


def users_of(ended: Ended) -> list[str]:
    starts = [e for e in ended.events if e["event"]["type"] == ["start"]]
    return [event["user"]["name"] for event in starts]


# ---- lines and events ---------------------------------------------------------------


def test_quick_start() -> None:
    ended = esa_auth("filter", "--appliance", "esa01", stdin=stream_of(QUICK_START))
    account = ended.assert_complete()

    assert [e["event"]["action"] for e in ended.events] == ACTIONS
    assert {e["observer"]["name"] for e in ended.events} == {"esa01"}
    assert ended.events[0]["source"]["ip"] == "172.16.155.102"
    assert (account.lines, account.results, account.ignored) == (8, 2, 1)


def test_nothing_in_nothing_out() -> None:
    ended = esa_auth("filter")
    assert ended.assert_complete().lines == 0
    assert ended.stdout == b""


def test_an_event_leaves_while_stdin_stays_open() -> None:
    with Running("filter") as running:
        for number in range(3):
            running.feed(attempts(1, number))
            event = running.next_event()
            assert event["user"]["name"] == f"user{number}"
        running.close_stdin()
        assert running.finish().assert_complete().results == 3


def test_half_a_line_waits_for_its_end() -> None:
    line = attempts(1)[0]
    with Running("filter") as running:
        os.write(running.stdin, line[:100])
        os.write(running.stdin, line[100:] + b"\n" + attempts(1, 1)[0] + b"\n")
        assert running.next_event()["user"]["name"] == "user0"
        assert running.next_event()["user"]["name"] == "user1"
        running.close_stdin()
        assert running.finish().assert_complete().lines == 2


def test_output_as_msgpack() -> None:
    plain = esa_auth("filter", stdin=stream_of(QUICK_START))
    ended = esa_auth("filter", "--output", "msgpack", stdin=stream_of(QUICK_START))

    unpacker = msgpack.Unpacker()
    unpacker.feed(ended.stdout)
    assert list(unpacker) == plain.events
    assert ended.code == 0
    assert ended.account == plain.account


@pytest.mark.parametrize("form", ["auto", "json"])
def test_json_as_fluentd_sends_it(form: str) -> None:
    records = [{"message": line.decode(), "x": None} for line in QUICK_START]
    stdin = b"".join(orjson.dumps(r) + b"\n" for r in records)
    ended = esa_auth("filter", "--input", form, stdin=stdin)

    ended.assert_complete()
    assert ended.events == esa_auth("filter", stdin=stream_of(QUICK_START)).events


@pytest.mark.parametrize("form", ["auto", "msgpack"])
@pytest.mark.parametrize("binary", [True, False])
def test_msgpack_as_fluentd_sends_it(form: str, binary: bool) -> None:
    """Its in_tail packs what it reads as bin, its parsers as str."""
    lines = [line if binary else line.decode() for line in QUICK_START]
    stdin = b"".join(msgpack.packb({"message": line}) for line in lines)
    ended = esa_auth("filter", "--input", form, stdin=stdin)

    ended.assert_complete()
    assert ended.events == esa_auth("filter", stdin=stream_of(QUICK_START)).events


def test_time_and_host_of_a_record() -> None:
    """Fluentd's EventTime, and a field deep in the record."""
    stamp = msgpack.ExtType(0, (1_700_000_000).to_bytes(4) + (0).to_bytes(4))
    record = {"message": inbound(), "time": stamp, "host": "esa07"}
    ended = esa_auth("filter", stdin=msgpack.packb(record))

    ended.assert_complete()
    assert ended.events[0]["@timestamp"] == "2023-11-14T22:13:20.000Z"
    assert ended.events[0]["observer"]["name"] == "esa07"


# ---- what is refused ----------------------------------------------------------------


def test_a_broken_json_record_is_a_dead_letter_and_the_stream_goes_on() -> None:
    good = [orjson.dumps({"message": line.decode()}) for line in attempts(2)]
    broken = [b'{"message": "cut', b"[]", b'{"log": "x"}', b'{"message": 7}', b"\xff"]
    ended = esa_auth("filter", stdin=stream_of([good[0], *broken, good[1]]))
    account = ended.assert_complete()

    assert users_of(ended) == ["user0", "user1"]
    assert account.rejected == len(broken)
    assert [x["event"]["original"] for x in ended.letters] == [
        text.decode("utf-8", "backslashreplace") for text in broken
    ]
    assert {x["error"]["type"] for x in ended.letters} == {"broken_record"}


@pytest.mark.parametrize(
    ("garbage", "code"),
    [
        # What follows cannot be framed: the host must restart us.
        (b"\xc1", 75),
        (b"\x81\x90\x01", 75),
        (b"hello\n", 75),
        (b"\x91" * 5000, 75),
    ],
)
def test_msgpack_garbage_has_a_clear_answer(garbage: bytes, code: int) -> None:
    good = msgpack.packb({"message": attempts(1)[0]})
    ended = esa_auth("filter", "--input", "msgpack", stdin=good + garbage)

    ended.assert_complete(code)
    assert users_of(ended) == ["user0"]
    (letter,) = ended.letters
    assert letter["error"]["message"].startswith("not msgpack: ")
    assert letter["error"]["message"] != "not msgpack: "


def test_dead_letters_in_a_file(tmp_path: Path) -> None:
    """For its owner only, added to what is there, replayable to the byte."""
    file = tmp_path / "dead.ndjson"
    for _ in range(2):
        stdin = stream_of([UNREAD, *attempts(1)])
        ended = esa_auth("filter", "--dead-letter", str(file), stdin=stdin)
        assert ended.code == 0
        assert ended.account.dead_letters == 1
        assert ended.letters == []
    letters = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    assert [letter["event"]["original"] for letter in letters] == [UNREAD.decode()] * 2
    assert file.stat().st_mode & 0o777 == 0o600


def test_dead_letters_that_cannot_be_written(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    link = tmp_path / "link"
    link.symlink_to(elsewhere)
    for path in (tmp_path, tmp_path / "none" / "dead", link):
        ended = esa_auth("filter", "--dead-letter", str(path))
        ended.assert_refused("dead_letter.file", str(path))


def test_a_full_disk_holds_the_stream_until_the_stop_signal() -> None:
    """No event is dropped for it; nothing is said to be done that is not."""
    with Running("filter", "--dead-letter", "/dev/full") as running:
        running.feed(attempts(1))
        running.next_event()
        running.feed([UNREAD])
        running.signal(signal.SIGTERM)
        running.close_stdin()
        ended = running.finish()
    assert ended.code == 75
    assert "No space left" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.account.rejected == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour: red", ["top level", "colour"]),
        ("input: {record: {mesage: x}}", ["input.record", "mesage"]),
        ("sessions: {cap: many}", ["sessions.cap", "whole number"]),
        ("join: {wait: -1}", ["join.wait", "-1"]),
        ("join: {wait: 61}", ["join.wait", "61"]),
        ("join: {wait: 1.5}", ["join.wait", "1.5"]),
        ("timezone: Mars/Olympus", ["timezone", "Mars/Olympus"]),
        ("appliance: 2024-01-01", ["appliance", "date"]),
        ("a: &a [x]\nb: [*a, *a]", ["not YAML", "aliases"]),
        ("x: !!python/object/apply:os.system [id]", ["not YAML", "tag"]),
        ("{", ["not YAML"]),
        ("\x00", ["not YAML"]),
        ("[" * 2000, ["not YAML"]),
    ],
)
def test_a_bad_configuration_ends_it_before_a_line_is_read(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    file = tmp_path / "esa-auth.yaml"
    file.write_text(text)
    ended = esa_auth("filter", "--config", str(file), stdin=stream_of(QUICK_START))
    ended.assert_refused(str(file) if "zone" not in text else "", *words)
    esa_auth("check", "--config", str(file)).assert_refused(*words)


def test_a_bad_command_line(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.yaml")
    esa_auth("filter", "--config", missing).assert_refused(missing, "No such file")
    esa_auth("filter", "--timezone", "Mars").assert_refused("timezone", "Mars")
    name = os.fsdecode(b"\xff")
    esa_auth("filter", "--appliance", name).assert_refused("appliance", "UTF-8")
    for words in ((), ("filter", "--nothing"), ("filter", "--input", "xml")):
        ended = esa_auth(*words)
        assert ended.code == 2
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("closing", "name"), [("<&-", "stdin"), (">&-", "stdout"), ("2>&-", "stderr")]
)
def test_a_standard_stream_that_is_closed(closing: str, name: str) -> None:
    """The next file that is opened would take its place."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", *command(), "filter"],
        input=None if name == "stdin" else b"",
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    said = b"" if name == "stderr" else f"esa-auth: {name} is closed".encode()
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) <= 1


# ---- signals and pipes --------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_with_data_in_stdin_loses_nothing(number: int) -> None:
    """As much as a pipe holds, not one byte of it read when the signal comes."""
    with Running("filter") as running:
        running.feed(attempts(1))
        running.next_event()
        running.signal(signal.SIGSTOP)
        running.feed(attempts(300, 1))
        running.signal(number)
        running.signal(signal.SIGCONT)
        running.close_stdin()
        ended = running.finish()
    ended.assert_complete()
    assert users_of(ended) == [f"user{n}" for n in range(301)]


def test_lines_behind_a_stop_signal_are_read() -> None:
    with Running("filter") as running:
        running.feed(attempts(1))
        running.next_event()
        running.signal(signal.SIGTERM)
        for number in range(1, 20):
            running.feed(attempts(1, number))
            assert running.next_event()["user"]["name"] == f"user{number}"
        running.close_stdin()
        assert running.finish().assert_complete().results == 20


def test_a_stop_signal_ends_it_though_stdin_stays_open() -> None:
    with Running("filter") as running:
        running.feed(attempts(5))
        running.next_event()
        running.signal(signal.SIGTERM)
        assert running.finish().assert_complete().results == 5


def test_a_second_stop_signal_ends_it_at_once() -> None:
    with Running("filter") as running:
        running.feed(attempts(5))
        for _ in range(5):
            running.next_event()
        running.signal(signal.SIGTERM)
        running.signal(signal.SIGINT)
        assert running.finish().assert_complete().results == 5


@pytest.mark.parametrize("seed", range(6))
def test_a_stop_signal_at_any_moment_loses_nothing(seed: int) -> None:
    lines, random = attempts(3000), Random(seed)
    with Running("filter") as running:
        running.feed(lines[:1])
        running.next_event()
        at = random.randrange(1, len(lines))

        def feed() -> None:
            running.feed(lines[1:at])
            running.signal(signal.SIGTERM)
            running.feed(lines[at:])
            running.close_stdin()

        feeder = threading.Thread(target=feed)
        feeder.start()
        ended = running.finish()
        feeder.join()
    ended.assert_complete()
    assert users_of(ended) == [f"user{n}" for n in range(3000)]


def test_the_reader_of_stdout_goes() -> None:
    with Running("filter") as running:
        running.feed(attempts(1))
        running.next_event()
        running.close_stdout()
        running.feed(attempts(1, 1))
        ended = running.finish()
    assert ended.code == 74
    assert "Traceback" not in ended.stderr
    assert ended.account.results == 2
    assert ended.stderr.splitlines()[-1] == (
        "esa-auth: the reader of our output is gone"
    )


def test_the_reader_of_stdout_goes_before_the_first_line() -> None:
    with Running("filter") as running:
        running.close_stdout()
        running.feed(attempts(1))
        running.close_stdin()
        ended = running.finish()
    assert ended.code == 74
    assert "Traceback" not in ended.stderr
    assert ended.account.results == 1


def test_the_reader_of_stdout_pauses() -> None:
    """Both pipes are full, nobody goes on; then all of it comes."""
    lines = attempts(4000)
    with Running("filter") as running:
        fed = threading.Event()

        def feed() -> None:
            running.feed(lines)
            fed.set()
            running.close_stdin()

        feeder = threading.Thread(target=feed)
        feeder.start()
        # It takes part of what is fed and no more, however long nobody reads.
        assert not fed.wait(1.5)
        ended = running.finish()
        feeder.join()
    ended.assert_complete()
    assert users_of(ended) == [f"user{n}" for n in range(4000)]


def test_a_stdout_that_does_not_block() -> None:
    """A parent may share such a pipe with us."""

    def feed() -> None:
        running.feed(attempts(2000))
        running.close_stdin()

    with Running("filter", blocking=False) as running:
        feeder = threading.Thread(target=feed)
        feeder.start()
        ended = running.finish()
        feeder.join()
    ended.assert_complete()
    assert len(users_of(ended)) == 2000


# ---- messages of our own -------------------------------------------------------------


def test_messages_go_to_a_file_where_stderr_is_thrown_away(tmp_path: Path) -> None:
    log = tmp_path / "esa-auth.log"
    for words in (["--dead-letter", str(tmp_path / "dead")], ["--ack", "rsyslog"]):
        ended = esa_auth("filter", "--log-file", str(log), *words, stdin=QUICK_START[0])
        assert ended.stderr == ""

    start, closing, refusal = log.read_text().splitlines()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ esa-auth\[\d+\]: "
    assert re.fullmatch(stamp + "filter .* started; .*", start)
    assert re.fullmatch(stamp + "1 lines = .*", closing)
    assert re.fullmatch(stamp + "--ack rsyslog: needs .*", refusal)
    assert log.stat().st_mode & 0o777 == 0o600

    ended = esa_auth("filter", "--log-file", str(tmp_path))
    ended.assert_refused("log.file", str(tmp_path), "directory")


def test_the_file_of_messages_is_begun_anew_after_its_rotation(tmp_path: Path) -> None:
    log = tmp_path / "esa-auth.log"
    with Running("filter", "--log-file", str(log)) as running:
        running.feed(attempts(1))
        running.next_event()
        log.rename(tmp_path / "esa-auth.log.1")
        running.close_stdin()
        running.finish()
    assert "1 lines = 1 results" in log.read_text()


# ---- check and explain --------------------------------------------------------------


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

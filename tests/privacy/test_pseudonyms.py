"""With pseudonyms on, a search of every byte that is written finds no name."""

import gzip
import random
import signal
import socketserver
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgpack
import orjson
import pytest

from esa_auth import grammar
from esa_auth.grammar import Rule
from esa_auth.model.facts import AdminLogin, AdminLogout
from esa_auth.pipeline import Settings
from esa_auth.privacy import Pseudonymizer
from tests.fuzz.lines import mutated
from tests.grammar.admin_rules import OURS
from tests.privacy.names import found, lines_of, seeded
from tests.support.harness import inbound, made, native, opened, run
from tests.support.process import PATIENCE, Running, esa_auth
from tests.support.secret_files import write_secret

WORDS = seeded()
LINES = [line for number, word in enumerate(WORDS) for line in lines_of(number, word)]
KEY = b"k" * 32
SETTINGS = Settings(reference=1_782_864_000, id_key=b"i" * 32, pseudonym_key=KEY)
PLAIN = Settings(reference=1_782_864_000, id_key=b"i" * 32)
REDACTING = Settings(reference=1_782_864_000, id_key=b"i" * 32, redact=True)


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Return a configuration with pseudonyms on."""
    write_secret(tmp_path / "id.key", b"i" * 32)
    write_secret(tmp_path / "name.key", KEY)
    file = tmp_path / "esa-auth.yaml"
    file.write_text(
        f"event_id: {{key_file: {tmp_path / 'id.key'}}}\n"
        f"privacy: {{pseudonymize: true, key_file: {tmp_path / 'name.key'}}}\n"
        f"metrics: {{file: {tmp_path / 'metrics'}}}\n"
    )
    return str(file)


def written_in(folder: Path) -> bytes:
    return b"\n".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())


class _Recorder(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        unpacker = msgpack.Unpacker(raw=False, max_buffer_size=1 << 28)
        while data := self.request.recv(1 << 16):
            self.server.written += data  # type: ignore[attr-defined]  # made below
            unpacker.feed(data)
            for _, _, option in unpacker:
                self.request.sendall(msgpack.packb({"ack": option["chunk"]}))
                self.server.events += option["size"]  # type: ignore[attr-defined]


@contextmanager
def recorder() -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Recorder) as server:
        server.daemon_threads = True
        server.written, server.events = b"", 0  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_search_finds_a_name_in_every_form() -> None:
    word = WORDS[0]
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in word)
    for text in (word, f"<{word}@x>", quote(word), escaped, word.encode().hex()):
        assert found(WORDS, text.encode()) == [word]
    for before in ("", "a", "ab", "abc"):
        assert found(WORDS, b64encode(f"{before}{word} and more".encode())) == [word]


def test_without_pseudonyms_every_name_is_there() -> None:
    ended = esa_auth("filter", stdin=b"\n".join([*LINES, b""]))
    assert found(WORDS, ended.stdout) == WORDS
    assert found(WORDS, ended.stderr.encode()) == WORDS


def test_filter(tmp_path: Path, config: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = ["filter", "--config", config, "--log-file", str(out / "log")]
    words += ["--state-dir", str(out / "state"), "--dead-letter", str(out / "dead")]
    broken = b'{"message": "SMTP Auth: ' + WORDS[3].encode()
    first = esa_auth(*words, stdin=b"\n".join([*LINES, b""]))
    second = esa_auth(*words, "--input", "json", stdin=broken + b"\n")

    assert (first.code, second.code) == (0, 0)
    assert len(first.events) > 5 * len(WORDS)
    assert (out / "dead").stat().st_size > 500 * len(WORDS)
    written = first.stdout + second.stdout + written_in(out)
    written += (tmp_path / "metrics").read_bytes()
    written += (first.stderr + second.stderr).encode()
    assert found(WORDS, written) == []


def test_msgpack_and_letters_on_stderr(config: str) -> None:
    words = ["filter", "--config", config, "--output", "msgpack"]
    ended = esa_auth(*words, stdin=b"\n".join([*LINES, b""]))
    assert ended.letters
    assert found(WORDS, ended.stdout + ended.stderr.encode()) == []


def test_a_replay_of_withheld_letters(tmp_path: Path, config: str) -> None:
    letters, again = tmp_path / "dead", tmp_path / "again"
    words = ["--config", config, "--dead-letter"]
    first = esa_auth("filter", *words, str(letters), stdin=b"\n".join([*LINES, b""]))
    ended = esa_auth("replay", str(letters), *words, str(again))
    assert ended.code == 0, ended.stderr
    count = first.account.dead_letters
    assert f" {count} rejected; 0 session ends, {count} dead letters" in ended.stderr
    assert found(WORDS, ended.stdout + ended.stderr.encode() + again.read_bytes()) == []


def test_convert(tmp_path: Path, config: str) -> None:
    source, out = tmp_path / "mail.text.gz", tmp_path / "out"
    source.write_bytes(gzip.compress(b"\n".join(LINES)))
    out.mkdir()
    words = ["--config", config, "--dead-letter", str(out / "dead")]
    ended = esa_auth("convert", str(source), "-o", str(out / "events"), *words)
    assert ended.code == 0, ended.stderr
    assert (out / "events").stat().st_size > 1000 * len(WORDS)
    assert found(WORDS, written_in(out) + ended.stderr.encode()) == []


def test_tail_to_a_receiver(tmp_path: Path, config: str) -> None:
    log, out = tmp_path / "mail_logs", tmp_path / "out"
    out.mkdir()
    log.write_bytes(b"\n".join(LINES) + b"\n")
    words = ["tail", str(log), "--config", config, "--state-dir", str(out / "state")]
    words += ["--dead-letter", str(out / "dead"), "--log-file", str(out / "log")]
    with recorder() as server:
        port = server.server_address[1]
        with Running(*words, "--forward", f"127.0.0.1:{port}") as running:
            until = time.monotonic() + PATIENCE
            while server.events < 7 * len(WORDS):  # type: ignore[attr-defined]
                assert time.monotonic() < until, "the events do not come"
                time.sleep(0.05)
            running.signal(signal.SIGTERM)
            ended = running.finish()
        received: bytes = server.written  # type: ignore[attr-defined]
    assert ended.code == 0, ended.stderr
    assert len(received) > 1000 * len(WORDS)
    written = received + written_in(out) + ended.stdout + ended.stderr.encode()
    assert found(WORDS, written) == []


def test_equal_names_have_equal_pseudonyms_in_every_field() -> None:
    lines = [*map(native, opened()), native(inbound(user="ann@example.com"))]
    lines.append(native(inbound(user="ann@example.com", outcome="succeeded"), 1))
    first, second, end = run([*lines, native("ICID 450 close", 2)], SETTINGS).events
    name = first["user"]["name"]

    assert name == Pseudonymizer(KEY, False).name("ann@example.com")
    assert first["user"] == second["user"] == end["user"] == {"name": name}
    for event in (first, second, end):
        assert event["related"]["user"] == [name]
    assert f" for user: {name} using AUTH" in first["event"]["original"]
    assert first["event"]["original"].endswith(first["message"])
    assert first["event"]["original"].startswith("Wed Apr 22 11:00:00 2009 Info: SMTP")


def test_the_rest_of_an_event_is_as_without() -> None:
    lines = [*map(native, opened()), native(inbound(user="ann@example.com"))]
    open_settings = Settings(reference=SETTINGS.reference, id_key=SETTINGS.id_key)
    (plain,) = run(lines, open_settings).results
    (covered,) = run(lines, SETTINGS).results
    for event in (plain, covered):
        del event["user"], event["message"], event["related"]["user"]
        del event["event"]["original"], event["event"]["hash"]
    assert plain == covered


def test_the_key_and_its_id_are_in_a_pseudonym() -> None:
    one, other = Pseudonymizer(KEY, False), Pseudonymizer(b"o" * 32, False)
    assert one.name("ann") != one.name("Ann")
    assert one.name("ann") != other.name("ann")
    assert one.name("ann").startswith(f"pn-{one.key_id}-")
    assert one.key_id != other.key_id
    assert KEY.hex()[:8] != one.key_id


def test_whose_pseudonym_it_is_can_be_found_out_as_the_page_says(config: str) -> None:
    """The page writes the name into the words of this line."""
    line = "Wed Apr 22 11:47:47 2009 Info: SMTP Auth: (ICID 1) succeeded for user: {}"
    line += " using AUTH mechanism: PLAIN with profile: p\n"
    page = Path(__file__).parents[2] / "examples" / "privacy" / "README.md"
    assert line.replace("{}", "%s").replace("\n", "\\n") in page.read_text("utf-8")
    asked = line.format("ann@example.com").encode()
    ended = esa_auth("filter", "--config", config, stdin=asked)
    known = Pseudonymizer(KEY, redact=False).name("ann@example.com")
    assert ended.events[0]["user"] == {"name": known}


def test_an_ambiguous_name_is_flagged_behind_its_pseudonym() -> None:
    name = "x using AUTH mechanism: NONE with profile: none"
    (event,) = run([native(inbound(user=name))], SETTINGS).results
    assert "ambiguous_user" in event["cisco_esa"]["flags"]
    assert "NONE" not in orjson.dumps(event).decode()


@pytest.mark.parametrize("rule", OURS, ids=lambda rule: rule.name)
def test_the_name_of_an_administrator_is_covered_wherever_it_stands(
    rule: Rule,
) -> None:
    fact = grammar.read(rule.sample)
    assert isinstance(fact, AdminLogin | AdminLogout)
    # A dash is nobody, and somebody can stand there.
    before, _, after = rule.sample.partition(fact.user or "-")
    line = before + WORDS[0] + after
    (event,) = run([native(line)], SETTINGS).events
    (plain,) = run([native(line)], PLAIN).events

    assert found(WORDS, orjson.dumps(event)) == []
    pseudonym = event["user"]["name"]
    assert pseudonym == Pseudonymizer(KEY, False).name(WORDS[0])
    assert event["event"]["original"].endswith(event["message"])
    assert event["message"].replace(pseudonym, WORDS[0]) == plain["message"]
    for both in (event, plain):
        del both["user"], both["related"]["user"], both["message"]
        del both["event"]["original"], both["event"]["hash"]
    assert event == plain


@pytest.mark.parametrize("settings", [SETTINGS, REDACTING])
def test_the_token_of_a_session_is_taken_out_of_the_line_too(
    settings: Settings,
) -> None:
    """It is as good as a password while it lasts."""
    token = "wKV0AK29GgdhztflXSal"  # noqa: S105 - nobody's
    lines = [
        f"logout:192.0.2.44 user:ann session:{token}",
        f"Session {token} user:ann expired",
        f"GUI: User ann logged out from session {token} because of inactivity timeout",
        f"Action: User ann logged out from session {token} beacuse of inactivity "
        "timeout",
        "SourceIP:192.0.2.44 Destination:/login Username:ann Privilege:admin "
        f"session:{token} Action: The HTTPS session has been established successfully.",
    ]
    ended = run([native(line) for line in lines], settings)
    assert len(ended.events) == len(lines)
    assert token.encode() not in orjson.dumps(ended.events)


@pytest.mark.parametrize("number", range(0, 200, 4))
def test_no_damaged_line_shows_a_name(number: int) -> None:
    """A wording that is nearly one that is known has no place for a name."""
    chance = random.Random(number)
    words = WORDS[number : number + 4]
    lines = [
        mutated(line, chance) if chance.random() < 0.6 else line
        for word in words
        for line in lines_of(WORDS.index(word), word)
        if len(line) < 5000
    ]
    ended = run(lines, SETTINGS)
    assert len(ended.events) > 10
    written = orjson.dumps([ended.events, ended.dead])
    assert found(words, written) == []


@pytest.mark.parametrize("words", [" with reason: no", ": no", " said: no", ", no"])
def test_no_wording_puts_a_name_in_the_place_of_a_server(words: str) -> None:
    line = "SMTP Auth: (ICID 450) could not reach forwarding server 192.0.2.9"
    (event,) = run([native(f"{line}{words} account ann.lee")], SETTINGS).events[:1]
    assert b"ann.lee" not in orjson.dumps(event)
    server = event["cisco_esa"]["backend"]["address"]
    assert server.startswith("192.0.2.9")
    assert event["message"].startswith(line)


def test_a_state_of_another_setting_is_not_taken_up() -> None:
    plain = made(Settings(reference=SETTINGS.reference))
    plain.feed([native(inbound(user=WORDS[0]))])
    with pytest.raises(ValueError, match="privacy"):
        made(SETTINGS).restore(plain.snapshot())
    covered = made(SETTINGS)
    covered.feed([native(inbound(user=WORDS[0]))])
    made(SETTINGS).restore(covered.snapshot())
    with pytest.raises(ValueError, match="privacy"):
        made(Settings()).restore(covered.snapshot())


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("privacy: {pseudonymize: true}", "event_id.key_file"),
        ("privacy: {redact: true}", "event_id.key_file"),
        (
            "event_id: {key_file: KEY}\nprivacy: {pseudonymize: true}",
            "privacy.key_file",
        ),
        (
            "event_id: {key_file: KEY}\n"
            "privacy: {pseudonymize: true, key_file: /nonexistent/key}",
            "privacy.key_file: /nonexistent/key",
        ),
        (
            "event_id: {key_file: KEY}\nprivacy: {pseudonymize: true, key_file: SHORT}",
            "shorter than 32 bytes",
        ),
    ],
)
def test_it_does_not_start_without_its_key(
    tmp_path: Path, text: str, where: str
) -> None:
    write_secret(tmp_path / "key", KEY)
    write_secret(tmp_path / "short", b"short")
    text = text.replace("KEY", str(tmp_path / "key"))
    text = text.replace("SHORT", str(tmp_path / "short"))
    file = tmp_path / "esa-auth.yaml"
    file.write_text(text)
    esa_auth("filter", "--config", str(file), stdin=LINES[0]).assert_refused(where)


def test_a_journal_of_raw_lines_is_refused(tmp_path: Path, config: str) -> None:
    words = ["--ack", "rsyslog", "--forward", "127.0.0.1:9"]
    words += ["--state-dir", str(tmp_path / "state"), "--config", config]
    esa_auth("filter", *words, stdin=LINES[0]).assert_refused("privacy", "journal")

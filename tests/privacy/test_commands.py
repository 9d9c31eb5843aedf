"""With pseudonyms on, a search of every byte that a command writes finds no name."""

import gzip
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
import pytest

from esa_auth.privacy import Pseudonymizer
from tests.privacy.covered import KEY
from tests.privacy.names import found, lines_of, seeded
from tests.support.process import PATIENCE, Running, esa_auth
from tests.support.secret_files import write_secret

WORDS = seeded()
LINES = [line for number, word in enumerate(WORDS) for line in lines_of(number, word)]


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

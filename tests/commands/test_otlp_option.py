"""`--otlp` of the real commands."""

import json
from pathlib import Path

import pytest

from tests.support import report_lines
from tests.support.otlp_receiver import Exchange, Receiver, take
from tests.support.process import esa_auth

LINES = "\n".join(report_lines.log(30)).encode() + b"\n"


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_filter_sends_what_it_would_have_written(tmp_path: Path, encoding: str) -> None:
    plain = esa_auth("filter", stdin=LINES)
    config = tmp_path / "config.yaml"
    config.write_text(f"otlp: {{encoding: {encoding}}}\n")
    with Receiver() as receiver:
        words = ("--otlp", receiver.url, "--config", str(config))
        ended = esa_auth("filter", *words, stdin=LINES)
    assert (ended.code, ended.stdout) == (0, b"")
    assert ended.account == plain.assert_complete()
    assert receiver.events == plain.events


def test_what_a_receiver_rejects_is_a_dead_letter_with_its_line(tmp_path: Path) -> None:
    letters = tmp_path / "dead"

    def reject_some(exchange: Exchange) -> None:
        names = [e.get("user", {}).get("name", "") for e in exchange.events]
        if len(names) > 1:
            exchange.answer(413)
        elif names and names[0].endswith(("1", "2", "3")):
            exchange.answer_partly(1, "too old")
        else:
            take(exchange)

    with Receiver(usual=reject_some) as receiver:
        words = ("--otlp", receiver.url, "--dead-letter", str(letters))
        ended = esa_auth("filter", *words, stdin=LINES)
    assert ended.code == 0
    found = [json.loads(line) for line in letters.read_bytes().splitlines()]
    assert found
    assert len(found) + len(receiver.events) == ended.account.events
    for letter in found:
        assert letter["error"]["type"] == "undeliverable"
        assert (
            "receiver rejected 1 of a request of 1 events: too old"
            in (letter["error"]["message"])
        )
        assert letter["event"]["original"].encode() in LINES


def test_lines_are_confirmed_when_their_events_are_acknowledged(tmp_path: Path) -> None:
    plain = esa_auth("filter", "--state-dir", str(tmp_path / "other"), stdin=LINES)
    with Receiver() as receiver:
        words = ("--otlp", receiver.url, "--state-dir", str(tmp_path / "state"))
        ended = esa_auth("filter", "--ack", "rsyslog", *words, stdin=LINES)
    assert ended.code == 0, ended.stderr
    assert receiver.events == plain.events
    assert ended.stdout == b"OK\n" * (1 + len(LINES.splitlines()))


@pytest.mark.parametrize("name", ["ocsf", "cim"])
def test_another_schema_has_no_names_in_opentelemetry(name: str) -> None:
    words = ("--otlp", "http://127.0.0.1:4318", "--format", name)
    esa_auth("filter", *words).assert_refused(f"output.schema: {name}: not with otlp")


def test_protobuf_without_its_package_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").write_text("")
    config = tmp_path / "config.yaml"
    config.write_text("otlp: {encoding: protobuf}\n")
    words = ("--otlp", "http://127.0.0.1:4318", "--config", str(config))
    ended = esa_auth("filter", *words, PYTHONPATH=str(tmp_path))
    ended.assert_refused("otlp.encoding", "extra otlp", "[otlp]")

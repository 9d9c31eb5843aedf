"""The real commands with `join.wait`: what they hold is written, or taken up again."""

import signal
from pathlib import Path

import orjson
import pytest

from esa_auth.ecs import dead_letter
from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from tests.support.harness import READ_AT, TLS, inbound, native, run
from tests.support.process import Running, esa_auth


@pytest.mark.parametrize("stop", [signal.SIGTERM, None])
def test_filter_ends_with_what_is_held(tmp_path: Path, stop: int | None) -> None:
    config = tmp_path / "wait.yaml"
    config.write_text("join: {wait: 60}\n")
    with Running("filter", "--config", str(config)) as running:
        # It is no session's: nothing of it can come late.
        running.feed([native(inbound(0))])
        running.next_event()
        running.feed([native(inbound()), native(TLS)])
        if stop:
            running.signal(stop)
        running.close_stdin()
        done = running.finish()
    account = done.assert_complete()
    assert (account.lines, account.results, account.session_ends) == (3, 2, 1)
    assert done.events[1]["tls"]["established"] is True


def test_filter_takes_up_what_was_held(tmp_path: Path) -> None:
    """And the account of each process is of what it wrote."""
    config = tmp_path / "wait.yaml"
    config.write_text("join: {wait: 60}\n")
    words = ("--config", str(config), "--state-dir", str(tmp_path / "state"))
    first = esa_auth("filter", *words, stdin=native(inbound()) + b"\n")
    assert first.assert_complete().lines == 0
    later = b"\n".join([native(TLS), native("ICID 450 close", 1), b""])
    second = esa_auth("filter", *words, stdin=later)
    assert second.assert_complete().lines == 3
    assert [e["tls"]["established"] for e in second.events] == [True, True]


def test_tail_writes_what_waits_no_more_without_another_line(tmp_path: Path) -> None:
    log, config = tmp_path / "mail_logs", tmp_path / "wait.yaml"
    log.write_bytes(native(inbound(0)) + b"\n" + native(inbound()) + b"\n")
    config.write_text("join: {wait: 60}\n")
    words = ["tail", str(log), "--state-dir", str(tmp_path / "state")]
    with Running(*words, "--config", str(config)) as waits:
        assert waits.next_event()["cisco_esa"].get("icid") is None
        waits.signal(signal.SIGTERM)
        assert waits.finish().account.lines == 1
    with Running(*words) as hurries:
        assert hurries.next_event()["cisco_esa"]["icid"] == 450
        hurries.signal(signal.SIGTERM)
        assert hurries.finish().account.results == 1


def test_lines_that_are_read_alone_wait_for_nothing(tmp_path: Path) -> None:
    """A dead letter that is replayed, and a line to be explained."""
    config, letters = tmp_path / "wait.yaml", tmp_path / "dead"
    config.write_text("join: {wait: 60}\n")
    line = native(inbound())
    hints = ReplayHints(None, 0, None, None)
    letter = dead_letter(
        DeadLetter(line, "invalid_event", ("as told",), "esa", hints), READ_AT
    )
    letters.write_bytes(orjson.dumps(letter) + b"\n")
    done = esa_auth("replay", "--config", str(config), str(letters))
    (event,) = done.events
    assert event["event"]["id"] == run([line]).results[0]["event"]["id"]
    assert "1 lines = 1 results" in done.stderr
    shown = esa_auth("explain", "--config", str(config), line.decode())
    assert "it becomes" in shown.stdout.decode()

"""A running command takes a new table: `filter`, `tail`, a worker of the fleet."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from esa_auth.commands.opening import enriched
from esa_auth.commands.stream import Lines
from esa_auth.config import load
from esa_auth.stream.keyed import KeyedPipelines
from tests.enrich.looked_up import AGAIN, SESSION, configured, name_of, zone
from tests.kafka.keyed import State
from tests.support.collector import Collector
from tests.support.process import PATIENCE, Running


def renamed_into(path: Path, data: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.replace(path)


def until(running: Running, wanted: Callable[[dict[str, Any]], bool]) -> int:
    """Feed attempts of one session until an event is as wanted; return how many."""
    ends = time.monotonic() + PATIENCE
    for count in range(1, 10_000):
        running.feed([AGAIN])
        if wanted(running.next_event()):
            return count
        assert time.monotonic() < ends, "it was not seen"
        time.sleep(0.2)
    return 0


def wait_until(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_filter_takes_a_new_table_within_a_session(tmp_path: Path) -> None:
    path = tmp_path / "networks"
    path.write_bytes(zone("Old"))
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    with Running("filter", "--config", config) as running:
        running.feed(SESSION)
        assert name_of(running.next_event()) == "Old"
        renamed_into(path, b"198.51.100.0/99 internal New\n")
        time.sleep(5.5)
        running.feed([AGAIN])
        assert name_of(running.next_event()) == "Old"
        renamed_into(path, zone("New"))
        more = until(running, lambda event: name_of(event) == "New")
        path.unlink()
        running.close_stdin()
        ended = running.finish()
    assert ended.assert_complete().results == 2 + more
    said = [line for line in ended.stderr.splitlines() if "enrich." in line]
    assert [line.split(": ")[3] for line in said] == ["in use", "line 1", "in use"]
    assert len({e["event"]["id"] for e in ended.events}) == len(ended.events)


def test_tail_takes_a_new_table(tmp_path: Path) -> None:
    path, log = tmp_path / "networks", tmp_path / "mail_logs"
    path.write_bytes(zone("Old"))
    log.write_bytes(b"\n".join(SESSION) + b"\n")
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    words = ("--config", config, "--state-dir", str(tmp_path / "state"))
    with Running("tail", str(log), *words) as running:
        assert name_of(running.next_event()) == "Old"
        renamed_into(path, zone("New"))
        time.sleep(5.5)
        with log.open("ab") as file:
            file.write(AGAIN + b"\n")
        assert name_of(running.next_event()) == "New"
        running.signal(signal.SIGTERM)
        running.finish().assert_complete()


def test_a_confirmed_line_is_looked_up_in_the_new_table(tmp_path: Path) -> None:
    path = tmp_path / "networks"
    path.write_bytes(zone("Old"))
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    words = ("--ack", "rsyslog", "--state-dir", str(tmp_path / "state"))
    with Collector() as collector:
        to = ("--forward", collector.address, "--config", config)
        with Running("filter", *words, *to) as running:
            running.feed(SESSION)
            wait_until(lambda: len(collector.events) == 1)
            renamed_into(path, zone("New"))
            time.sleep(5.5)
            running.feed([AGAIN])
            wait_until(lambda: len(collector.events) == 2)
            running.close_stdin()
            assert running.finish().stdout == b"OK\n" * 5
    assert [name_of(event) for event in collector.events] == ["Old", "New"]


def test_a_worker_of_the_fleet_takes_a_new_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esa_auth.enrich.tables.SECONDS_BETWEEN_LOOKS", 0.0)
    path = tmp_path / "networks"
    path.write_bytes(zone("Old"))
    config = configured(tmp_path, f"enrich: {{zones: {{file: {path}}}}}\n")
    lines = Lines(*enriched(load(config, {}, 1_790_000_000)))
    desk = KeyedPipelines(lines.pipeline, lines.feed, lines.take)
    place, state = ("raw", 0, b"esa01"), State()
    names = []
    for line in (*SESSION, b"", AGAIN):
        if not line:
            renamed_into(path, zone("New"))
            continue
        for out in desk.read(place, line, state):
            assert out.topic == "events"
            names.append(name_of(orjson.loads(out.value)))
    assert names == ["Old", "New"]

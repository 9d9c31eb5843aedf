"""`filter --ack rsyslog`, killed where it hurts: nothing lost, nothing made up.

The oracle: a clean run gives the events; a run with kills must give the same set, equal
in every field, once equal ids are merged.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.soak.ack_host import Host
from tests.soak.ack_lines import session, sessions
from tests.soak.forks import Forks
from tests.soak.memory import peak
from tests.soak.sizes import show, size
from tests.support.collector import Collector

KILLS = size(25, 1_000)
POINTS = (
    "delivered",
    "withheld",
    "journaled",
    "answered",
    "checkpoint-begun",
    "checkpoint-kept",
    "checkpoint-done",
)
# More than a journal of 64 MiB has.
LARGE_LINES = size(1_250, 4_000)
# The first two of a session open it.
NUMBERS = size([3, 4], list(range(1, 9)))
FEWEST = 2
_LAUNCHER = str(Path(__file__).with_name("ack_launcher.py"))

Events = dict[str, dict[str, Any]]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def clean_run(lines: list[bytes], folder: Path) -> Events:
    """Return the events of an undisturbed run by their id."""
    with Collector() as collector, Host(collector.address, folder / "clean") as host:
        host.hand_all(lines)
        assert host.stop() == 0
        assert len(collector.events) == len(collector.by_id())
        return collector.by_id()


def attempts_of(events: Events) -> list[dict[str, Any]]:
    return [e for e in events.values() if e["event"]["action"] == "smtp-auth"]


def test_identical_neighbours_and_a_kill_after_each_ok(
    collector: Collector, tmp_path: Path
) -> None:
    lines = list(session(0, attempts=6))
    with Host(collector.address, tmp_path / "killed") as host:
        for line in lines:
            host.hand(line)
            host.kill()
        assert host.stop() == 0
    found = collector.by_id()
    assert found == clean_run(lines, tmp_path)
    attempts = attempts_of(found)
    assert sorted(e["event"]["sequence"] for e in attempts) == [1, 2, 3, 4, 5, 6]
    (end,) = [e for e in found.values() if "summary" in e["cisco_esa"]]
    assert end["cisco_esa"]["summary"]["attempts"] == 6
    assert end["cisco_esa"]["summary"]["failures"] == 6


@pytest.fixture(scope="module")
def two_sessions(tmp_path_factory: pytest.TempPathFactory) -> Events:
    return clean_run(sessions(2), tmp_path_factory.mktemp("two"))


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_each_point(tmp_path: Path, point: str, two_sessions: Events) -> None:
    for number in NUMBERS:
        folder = tmp_path / str(number)
        program = [sys.executable, _LAUNCHER, f"{point}:{number}", f"{folder}.died"]
        with (
            Collector() as collector,
            Host(collector.address, folder, program) as host,
        ):
            for line in sessions(2):
                # Every second time stopped in order before the line comes again.
                host.hand(line, stops=number % 2 * 2)
            # The point may lie in the stop itself: then the next one ends in order.
            assert host.stop() == 0 or host.stop() == 0
        assert collector.by_id() == two_sessions
        if host.starts == 1:
            # So often the point is not reached.
            break
    assert host.starts > 1 or number > FEWEST, f"{point} was hardly reached"


def test_random_kills(collector: Collector, tmp_path: Path) -> None:
    random = Random(20260317)
    # Eight lines each, of which every fifth is disturbed.
    lines = sessions(KILLS * 3 // 4)
    kills = 0
    with (
        Forks() as forks,
        Host(collector.address, tmp_path / "killed", forks=forks) as host,
    ):
        for line in lines:
            if kills < KILLS and random.random() < 0.2:
                kills += 1
                if random.random() < 0.3:
                    host.kill()
                host.hand(line, kill_after=random.random() / 200)
            else:
                host.hand(line)
        assert host.stop() == 0
    expected, found = clean_run(lines, tmp_path), collector.by_id()
    show(
        "Ack, random kills",
        lines=len(lines),
        events=len(expected),
        starts=host.starts,
        lost=len(expected.keys() - found.keys()),
        phantom=len(found.keys() - expected.keys()),
        changed=sum(found[i] != expected[i] for i in found.keys() & expected.keys()),
        duplicates=len(collector.events) - len(found),
    )
    assert host.starts > KILLS // 2
    assert found == expected


def test_a_line_in_hand_that_comes_behind_others(
    collector: Collector, tmp_path: Path
) -> None:
    lines = sessions(2, attempts=1)
    folder = tmp_path / "killed"
    # The third that counts: the line of a message does not.
    program = [sys.executable, _LAUNCHER, "journaled:3", f"{folder}.died"]
    with Host(collector.address, folder, program) as host:
        host.hand_all(lines[:3])
        host.die_unread(lines[3])
        host.hand_all(lines[4:])
        host.hand(lines[3])
        assert host.stop() == 0
    assert collector.by_id() == clean_run(lines, tmp_path)


def test_a_host_that_dies_before_it_reads_the_ok(
    collector: Collector, tmp_path: Path
) -> None:
    lines = sessions(1)
    with Host(collector.address, tmp_path / "killed") as host:
        for line in lines:
            host.die_unread(line)
            host.hand(line)
        assert host.stop() == 0
    assert collector.by_id() == clean_run(lines, tmp_path)


def test_half_a_line_is_no_event(collector: Collector, tmp_path: Path) -> None:
    lines = sessions(1)
    with Host(collector.address, tmp_path / "cut") as host:
        host.hand_all(lines[:3])
        child = host.start()
        assert child.stdin is not None
        child.stdin.write(lines[3][:-8])
        assert host.stop() == 0
        host.hand_all(lines[3:])
        assert host.stop() == 0
    assert collector.by_id() == clean_run(lines, tmp_path)
    letters = (tmp_path / "cut" / "dead.ndjson").read_text("utf-8").splitlines()
    kinds = [json.loads(letter)["error"]["type"] for letter in letters]
    assert kinds.count("cut") == 1


def test_forged_lines_fill_neither_the_journal_nor_the_next_start(
    collector: Collector, tmp_path: Path
) -> None:
    host = b"x" * 60_000
    with Host(collector.address, tmp_path / "forged") as rsyslog:
        for number in range(LARGE_LINES):
            rsyslog.hand(
                b"Tue Mar 17 10:00:00 2026 Info: New SMTP ICID %d interface Data 1 "
                b"(192.0.2.1) address 198.51.100.7 reverse dns host %b verified no"
                % (number + 1, host)
            )
        before = peak(rsyslog.start().pid)
        rsyslog.kill()
        sizes = [x.stat().st_size for x in rsyslog.state.glob("journal.*")]
        after = peak(rsyslog.start().pid)
        assert rsyslog.stop() == 0
    show(
        "Ack, forged lines of 60 kB",
        lines=LARGE_LINES,
        journal_bytes=sizes,
        run_KiB=before,
        start_KiB=after,
    )
    assert len(sizes) == 1
    assert sizes[0] <= 64 << 20
    # What is held of these lines, with a piece of the journal and a line in hand.
    assert after < before + 16 * 1024

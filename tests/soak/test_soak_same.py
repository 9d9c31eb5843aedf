"""T30 and more: the same events by whatever way the lines come."""

import gzip
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random

import orjson
import pytest

from tests.bench.corpora import HEADER, START
from tests.bench.traffic import Traffic
from tests.soak.command import (
    ENDED,
    ESA_AUTH,
    Command,
    clean_run,
    start_writer,
    wait_for_state,
    wait_until,
)
from tests.soak.events import Events, Verdict, judge
from tests.soak.lines import last_line, reused, write_source
from tests.soak.pipe import Pipe
from tests.soak.sizes import HANG, show, size
from tests.soak.writer import parts, rotate

IDENTICAL = size(5_000, 100_000)
STOPS = size(4, 50)
REUSED = size(1_000, 100_000)


def _identical(path: Path) -> None:
    """Write one login again and again, all within one second."""
    maker = Traffic(Random(30))
    stamp = time.asctime(time.gmtime(START))
    line = f"{stamp} Info: {maker.inbound_result(1, 'admin', 'failed')}\n"
    path.write_text(line * IDENTICAL + last_line(stamp))


def _tail(tmp_path: Path, *options: object) -> Command:
    return Command(tmp_path, "tail", *options, "--state-dir", tmp_path / "state")


@pytest.mark.parametrize("way", ["tail", "renamed", "gzip"])
def test_t30_identical_lines_have_the_same_ids(tmp_path: Path, way: str) -> None:
    source = tmp_path / "source"
    _identical(source)
    clean = clean_run(source, tmp_path)
    assert len(clean.digests) == IDENTICAL + 1
    live = tmp_path / "mail.current"
    lines = source.read_bytes()
    if way == "gzip":
        live = tmp_path / "mail.log.gz"
        live.write_bytes(gzip.compress(lines))
    else:
        live.write_bytes(lines if way == "tail" else lines[: len(lines) // 2 + 7])
    events = Events()
    with _tail(tmp_path, live) as command:
        command.start(subprocess.PIPE)
        pipe = Pipe(command.process.stdout, events)
        if way == "renamed":
            wait_until(lambda: len(events.digests) > IDENTICAL // 3, "nothing is read")
            assert command.stop() == 0
            pipe.finish()
            with live.open("ab") as file:
                file.write(lines[len(lines) // 2 + 7 :])
            rotate(live, "current", 1)
            command.start(subprocess.PIPE)
            pipe = Pipe(command.process.stdout, events)
        events.wait_for_last()
        assert command.stop() in ENDED
        pipe.finish()
    verdict = judge(clean, events)
    show(f"T30 {way}", lines=IDENTICAL, ids=len(events.digests), **vars(verdict))
    assert verdict == Verdict(0, 0, 0, 0)


def test_t4_copytruncate_loses_nothing_that_was_read(tmp_path: Path) -> None:
    source, log = tmp_path / "source", tmp_path / "log"
    files = size(4, 50)
    write_source(source, files * 2_000, files, seed=4)
    clean, events = clean_run(source, tmp_path), Events()
    with _tail(tmp_path, log / "mail.log") as command:
        log.mkdir()
        command.start(subprocess.PIPE)
        pipe = Pipe(command.process.stdout, events)
        wait_for_state(tmp_path)
        writer = start_writer(source, log, "copytruncate", files * 0.5)
        assert writer.wait(HANG) == 0
        events.wait_for_last()
        assert command.stop() in ENDED
        pipe.finish()
    verdict = judge(clean, events)
    show("T4 copytruncate", rotations=files - 1, **vars(verdict))
    assert verdict.clean


def _flood(path: Path, pieces: int) -> None:
    """Write sessions that log in and never close, in as many files."""
    maker, second = Traffic(Random(25)), START
    with path.open("w") as file:
        for _ in range(pieces):
            bodies = list(HEADER)
            for _ in range(1_003):
                icid = next(maker.icids)
                bodies.append(maker.inbound_result(icid, "flood", "failed"))
            second += 1
            stamp = time.asctime(time.gmtime(second))
            file.writelines(f"{stamp} Info: {body}\n" for body in bodies)
        file.write(last_line(stamp))


def test_t25_evictions_are_the_same_over_a_stop(tmp_path: Path) -> None:
    source, live = tmp_path / "source", tmp_path / "mail.current"
    config = tmp_path / "config.yaml"
    # Whether there are too many is looked at with every 20th session.
    config.write_text("sessions: {cap: 2560}\n")
    _flood(source, STOPS)
    clean, events = clean_run(source, tmp_path, "--config", config), Events()
    with _tail(tmp_path, live, "--config", config) as command:
        for number, piece in enumerate(parts(source.read_bytes())):
            if number:
                rotate(live, "current", number)
            live.write_bytes(piece)
            command.start(subprocess.PIPE)
            pipe = Pipe(command.process.stdout, events)
            if number == STOPS - 1:
                events.wait_for_last()
            else:
                more = partial(_has, events, len(events.digests) + 500)
                wait_until(more, "nothing is read")
            assert command.stop() in ENDED
            pipe.finish()
    verdict = judge(clean, events)
    show("T25 stops", stops=STOPS, **vars(verdict))
    assert verdict == Verdict(0, 0, 0, 0)


def _has(events: Events, count: int) -> bool:
    return len(events.digests) >= count


def test_t26_a_number_used_again_is_another_session(tmp_path: Path) -> None:
    """The oracle of these tests is the program itself; this one knows better."""
    maker, out = Traffic(Random(26)), tmp_path / "out"
    stamp = time.asctime(time.gmtime(START))
    bodies: list[str] = []
    for _ in range(REUSED):
        bodies += reused(maker)
    log = "".join(f"{stamp} Info: {body}\n" for body in bodies)
    with out.open("wb") as file:
        command = [*ESA_AUTH, "filter", "--dead-letter", str(tmp_path / "dead")]
        subprocess.run(command, input=log.encode(), stdout=file, check=True)
    found = Counter(
        (
            event["event"]["action"],
            event.get("user", {}).get("name"),
            event["cisco_esa"]["policy"]["sender_group"],
        )
        for event in map(orjson.loads, out.read_bytes().splitlines())
    )
    show("T26", reused=REUSED, events=found.total())
    assert found["smtp-auth", "carol@example.com", "FIRST"] == REUSED
    assert found["smtp-auth", "dave@example.com", "SECOND"] == REUSED
    ends = Counter({k[2]: n for k, n in found.items() if k[0] == "smtp-session-end"})
    assert ends == {"FIRST": REUSED, "SECOND": REUSED}

"""T1, T1b, T16: ended at random points while the log is written and rotated."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.soak.command import (
    ENDED,
    Command,
    clean_run,
    start_writer,
    wait_for_state,
    wait_until,
)
from tests.soak.events import Events, Verdict, judge, read_events
from tests.soak.lines import write_source
from tests.soak.pipe import Pipe
from tests.soak.receiver import Receiver
from tests.soak.sizes import HANG, show, size
from tests.soak.writer import LIVE, parts

LINES = size(20_000, 1_000_000)
ROTATIONS = size(8, 50)
ENDS = size(8, 200)
SEED = 20260317
#: A process lives so long, in seconds: some never get to their first checkpoint.
LIFE = (0.1, size(1.2, 1.8))


@dataclass(frozen=True)
class Source:
    """A log to be written, and the events that an undisturbed run makes of it."""

    path: Path
    lines: int
    clean: Events


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("source")
    path = folder / "source"
    lines = write_source(path, LINES, ROTATIONS + 1, SEED)
    return Source(path, lines, clean_run(path, folder))


def _lives(source: Source, log: Path, style: str) -> Iterator[int]:
    """Write the log; yield the number of each end that is due."""
    random = Random(SEED)
    lives = [random.uniform(*LIFE) for _ in range(ENDS)]
    writer = start_writer(source.path, log, style, sum(lives))
    try:
        for number, life in enumerate(lives, 1):
            time.sleep(life)
            yield number
        assert writer.wait(HANG) == 0
    finally:
        writer.kill()
        writer.wait()


def _report(test: str, source: Source, command: Command, verdict: Verdict) -> None:
    show(
        test,
        lines=source.lines,
        events=len(source.clean.digests),
        rotations=ROTATIONS,
        starts=command.starts,
        lost=verdict.lost,
        phantom=verdict.phantom,
        wrong=verdict.wrong,
        duplicates=verdict.duplicates,
    )


@pytest.mark.parametrize("style", size(["current"], ["current", "numbered"]))
def test_t1_kill_loses_nothing(source: Source, tmp_path: Path, style: str) -> None:
    log = tmp_path / "log"
    log.mkdir()
    letters = tmp_path / "dead"
    with (
        Receiver() as receiver,
        Command(
            tmp_path,
            *("tail", log / LIVE[style], "--state-dir", tmp_path / "state"),
            *("--forward", f"127.0.0.1:{receiver.port}", "--dead-letter", letters),
        ) as command,
    ):
        command.start()
        wait_for_state(tmp_path)
        for _ in _lives(source, log, style):
            command.kill()
            command.start()
        receiver.events.wait_for_last()
        assert command.stop() in ENDED
    verdict = judge(source.clean, receiver.events)
    _report(f"T1 kill -9, {style}", source, command, verdict)
    assert verdict.clean
    assert "Traceback" not in command.told()


def test_t1c_kill_loses_nothing_up_to_the_disk(source: Source, tmp_path: Path) -> None:
    """Files of our own, rotated all the while: each event is in one of them."""
    log, events = tmp_path / "log", tmp_path / "events"
    log.mkdir()
    config = tmp_path / "config.yaml"
    # Room for all of them: what is rotated out is not lost, and is not here either.
    config.write_text("output: {max_bytes: 1048576, keep: 1000}\n")
    with Command(
        tmp_path,
        *("tail", log / LIVE["current"], "--state-dir", tmp_path / "state"),
        *("--output-file", events, "--config", config),
    ) as command:
        command.start()
        wait_for_state(tmp_path)
        for _ in _lives(source, log, "current"):
            command.kill()
            command.start()
        wait_until(lambda: _all_events(events).has_last, "it does not end")
        assert command.stop() in ENDED
    found = _all_events(events)
    verdict = judge(source.clean, found)
    _report("T1c kill -9, file of events", source, command, verdict)
    assert verdict.clean
    assert 1 < len(list(tmp_path.glob("events*"))) < 1000
    assert "Traceback" not in command.told()


def _all_events(path: Path) -> Events:
    found = Events()
    for each in path.parent.glob(f"{path.name}*"):
        # A file may get another name while the folder is read.
        with suppress(FileNotFoundError):
            read_events(each, found)
    return found


def test_t16_a_stop_loses_and_repeats_nothing(source: Source, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    with (
        Receiver() as receiver,
        Command(
            tmp_path,
            *("tail", log / LIVE["current"], "--state-dir", tmp_path / "state"),
            *("--forward", f"127.0.0.1:{receiver.port}"),
        ) as command,
    ):
        command.start()
        wait_for_state(tmp_path)
        codes = []
        for _ in _lives(source, log, "current"):
            codes.append(command.stop())
            command.start()
        receiver.events.wait_for_last()
        codes.append(command.stop())
    verdict = judge(source.clean, receiver.events)
    _report("T16 SIGTERM", source, command, verdict)
    assert verdict == Verdict(0, 0, 0, 0)
    assert set(codes) <= ENDED


def test_t16_a_stop_waits_for_a_late_acknowledgement(tmp_path: Path) -> None:
    source, live = tmp_path / "source", tmp_path / "mail.current"
    write_source(source, 2_000, 2, SEED)
    first, second = parts(source.read_bytes())
    clean = clean_run(source, tmp_path)
    with Receiver(lambda number: "late") as receiver:
        address = f"127.0.0.1:{receiver.port}"
        arguments = ("--state-dir", tmp_path / "state", "--forward", address)
        with Command(tmp_path, "tail", live, *arguments) as command:
            live.write_bytes(first)
            command.start()
            wait_until(lambda: receiver.chunks > 0, "nothing is sent")
            assert command.stop() == 0
            with live.open("ab") as file:
                file.write(second)
            command.start()
            receiver.events.wait_for_last()
            assert command.stop() == 0
    verdict = judge(clean, receiver.events)
    show("T16 late ack", **vars(verdict))
    assert verdict == Verdict(0, 0, 0, 0)


def test_t1b_kill_loses_nothing_up_to_the_pipe(source: Source, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    events = Events()
    with Command(
        tmp_path,
        *("tail", log / LIVE["current"], "--state-dir", tmp_path / "state"),
    ) as command:
        command.start(subprocess.PIPE)
        pipe = Pipe(command.process.stdout, events)
        wait_for_state(tmp_path)
        for _ in _lives(source, log, "current"):
            command.kill()
            pipe.finish()
            command.start(subprocess.PIPE)
            pipe = Pipe(command.process.stdout, events)
        events.wait_for_last()
        assert command.stop() in ENDED
        pipe.finish()
    verdict = judge(source.clean, events)
    _report("T1b kill -9, stdout", source, command, verdict)
    assert verdict.clean

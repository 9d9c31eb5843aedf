"""Ended while events wait for late lines: what is held is neither lost nor bent."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random

import pytest

from tests.soak.command import ENDED, Command, clean_run, wait_for_state
from tests.soak.events import Events, Verdict, judge
from tests.soak.lines import write_source
from tests.soak.pipe import Pipe
from tests.soak.sizes import HANG, show, size
from tests.soak.test_soak_points import _trap
from tests.soak.writer import parts, rotate

LINES = size(8_000, 200_000)
SEED = 20260318
POINTS = ("after-read", "after-join", "before-rename", "renamed", "stdout-half")
KILLS = POINTS * size(1, 10)
_STAMP = 24


@dataclass(frozen=True)
class Source:
    """A log in files, and the events that an undisturbed run makes of it."""

    parts: list[bytes]
    clean: Events
    config: Path


def _disordered(data: bytes, random: Random) -> Iterator[bytes]:
    """Yield the lines, those of one second in another order, file headers first."""
    lines = data.splitlines(keepends=True)
    for _, second in groupby(lines, key=lambda line: line[:_STAMP]):
        found = list(second)
        head = 3 if b"Begin Logfile" in found[0] else 0
        rest = found[head:]
        random.shuffle(rest)
        yield b"".join(found[:head] + rest)
    # Its second is over: what waited for it leaves.
    at = time.mktime(time.strptime(lines[-1][:_STAMP].decode()))
    stamp = time.asctime(time.localtime(at + 60))
    yield f"{stamp} Info: New SMTP ICID 899999999 interface x address ::1 \n".encode()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("waiting")
    path, config = folder / "source", folder / "wait.yaml"
    config.write_text("join: {wait: 3}\n")
    (folder / "hasty").mkdir()
    write_source(path, LINES, len(KILLS), SEED)
    path.write_bytes(b"".join(_disordered(path.read_bytes(), Random(SEED))))
    clean = clean_run(path, folder, "--config", config)
    hasty = clean_run(path, folder / "hasty")
    # Nothing else than the context, and it is worth waiting for.
    verdict = judge(hasty, clean)
    assert (verdict.lost, verdict.phantom) == (0, 0)
    assert verdict.wrong > LINES // 100
    return Source(parts(path.read_bytes()), clean, config)


def _tail(source: Source, folder: Path, live: Path) -> tuple[object, ...]:
    return (
        *("tail", live, "--config", source.config),
        *("--state-dir", folder / "state", "--dead-letter", folder / "dead"),
    )


def _finish(command: Command, events: Events) -> None:
    command.start(subprocess.PIPE)
    pipe = Pipe(command.process.stdout, events)
    events.wait_for_last()
    assert command.stop() in ENDED
    pipe.finish()


def test_killed_with_events_held(source: Source, tmp_path: Path) -> None:
    live, events = tmp_path / "mail.current", Events()
    tail = _tail(source, tmp_path, live)
    for number, (part, point) in enumerate(zip(source.parts, KILLS, strict=True)):
        if number:
            rotate(live, "current", number)
        live.write_bytes(part)
        with Command(tmp_path, *tail, program=_trap(point)) as command:
            command.start(subprocess.PIPE)
            pipe = Pipe(command.process.stdout, events)
            assert command.process.wait(HANG) == -9
            pipe.finish()
    with Command(tmp_path, *tail) as command:
        _finish(command, events)
    verdict = judge(source.clean, events)
    show("kill -9 with events held", kills=len(KILLS), **vars(verdict))
    assert verdict.clean
    assert "Traceback" not in command.told()


def test_stopped_with_events_held(source: Source, tmp_path: Path) -> None:
    """Each time in the middle of a second, with what it has read of it."""
    live, events = tmp_path / "mail.current", Events()
    stops = 0
    with Command(tmp_path, *_tail(source, tmp_path, live)) as command:
        for number, part in enumerate(source.parts):
            if number:
                rotate(live, "current", number)
            with live.open("ab", buffering=0) as file:
                for piece in (part[: len(part) // 2], part[len(part) // 2 :]):
                    file.write(piece)
                    command.start(subprocess.PIPE)
                    pipe = Pipe(command.process.stdout, events)
                    wait_for_state(tmp_path)
                    time.sleep(1.0)
                    assert command.stop() in ENDED
                    pipe.finish()
                    stops += 1
        _finish(command, events)
    verdict = judge(source.clean, events)
    show("SIGTERM with events held", stops=stops, **vars(verdict))
    assert verdict == Verdict(0, 0, 0, 0)

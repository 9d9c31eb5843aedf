"""T2: killed at named points, in particular between two steps of a promise.

Small, each point is met once, one after the other on one log; in full, each has a log
of its own and is met again and again.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.command import ENDED, Command, clean_run
from tests.soak.events import Events, judge, read_events
from tests.soak.letters import read_letters
from tests.soak.lines import write_source
from tests.soak.pipe import Pipe
from tests.soak.receiver import Receiver
from tests.soak.sizes import HANG, show, size
from tests.soak.writer import parts, rotate

LINES_A_KILL = 700
_LAUNCHER = Path(__file__).with_name("launcher.py")
STATE = ("tmp-written", "tmp-synced", "before-rename", "renamed", "directory-synced")
FORWARD = ("before-send", "before-write", "after-write", "before-ack", "after-ack")
HALVES = ("letter-half", "stdout-half", "event-half")
POINTS = (*STATE, *FORWARD, "after-read", "after-join", *HALVES)
KILLS: list[tuple[str, ...]] = size([POINTS], [(point,) * 20 for point in POINTS])


class Scene:
    """A log whose next file is written while the command lies dead."""

    def __init__(self, folder: Path, kills: int) -> None:
        source = folder / "source"
        write_source(source, kills * LINES_A_KILL, kills, seed=2)
        self.clean = clean_run(source, folder)
        self.clean_letters, _ = read_letters(folder / "clean-dead")
        self.parts = parts(source.read_bytes())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("points"), len(KILLS[0]))


@pytest.mark.parametrize("points", KILLS, ids=lambda points: points[0])
def test_t2_killed_at_named_points(
    scene: Scene, tmp_path: Path, points: tuple[str, ...]
) -> None:
    live, letters = tmp_path / "mail.current", tmp_path / "dead"
    tail: tuple[object, ...] = ("tail", live, "--dead-letter", letters)
    tail = (*tail, "--state-dir", tmp_path / "state")
    with Receiver() as receiver:
        events = receiver.events
        forward = ("--forward", f"127.0.0.1:{receiver.port}")
        file = tmp_path / "events"
        outputs: dict[str, tuple[object, ...]] = {
            "stdout-half": (),
            "event-half": ("--output-file", file),
        }
        for number, (part, point) in enumerate(zip(scene.parts, points, strict=True)):
            if number:
                rotate(live, "current", number)
            live.write_bytes(part)
            options = outputs.get(point, forward)
            with Command(tmp_path, *tail, *options, program=_trap(point)) as command:
                _run_to_its_death(command, events)
        if file.exists():
            read_events(file, events)
        with Command(tmp_path, *tail, *forward) as command:
            command.start()
            events.wait_for_last()
            assert command.stop() in ENDED
    verdict = judge(scene.clean, events)
    found, broken = read_letters(letters)
    name = size("all points", points[0])
    show(f"T2 {name}", kills=len(points), **vars(verdict), broken_letters=broken)
    assert verdict.clean
    assert found == scene.clean_letters
    assert broken <= points.count("letter-half")


def _trap(point: str) -> tuple[str, ...]:
    # Before its first checkpoint is complete a first start has begun nothing.
    number = 3 if point in STATE else 1
    return (sys.executable, str(_LAUNCHER), f"{point}:{number}")


def _run_to_its_death(command: Command, events: Events) -> None:
    command.start(subprocess.PIPE)
    pipe = Pipe(command.process.stdout, events)
    assert command.process.wait(HANG) == -9
    pipe.finish()

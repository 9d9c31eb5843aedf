"""T14, T15: a state directory that is damaged, of tomorrow, or wanted by twenty."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from esa_auth.state.generation import VERSION, Generation, header
from tests.soak.command import ENDED, Command, clean_run, wait_until
from tests.soak.events import Events, judge
from tests.soak.lines import write_source
from tests.soak.pipe import Pipe
from tests.soak.sizes import HANG, show, size
from tests.soak.writer import parts, rotate

CHECKPOINTS = ("checkpoint.a", "checkpoint.b")
ROUNDS = size(1, 50)
DAMAGES = size(3, 100)
AT_ONCE = 20


def _damaged(random: Random, data: bytes) -> bytes:
    """Flip a bit, cut, empty, or put something foreign in its place."""
    match random.randrange(4):
        case 0:
            at, bit = random.randrange(len(data)), 1 << random.randrange(8)
            return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
        case 1:
            return data[: random.randrange(len(data))]
        case 2:
            return bytes(len(data))
        case _:
            return random.randbytes(len(data))


class Scene:
    """A log of two files, the first of which is read when the damage is done."""

    def __init__(self, folder: Path) -> None:
        source = folder / "source"
        write_source(source, 1_200, 2, seed=14)
        self.clean = clean_run(source, folder)
        self.first, self.second = parts(source.read_bytes())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture
def read(scene: Scene, tmp_path: Path) -> Iterator[tuple[Command, Path, Events]]:
    """Give a command, its log and its events when half of the log is read."""
    live, events = tmp_path / "mail.current", Events()
    state = tmp_path / "state"
    with Command(tmp_path, "tail", live, "--state-dir", state) as command:
        live.write_bytes(scene.first)
        command.start(subprocess.PIPE)
        pipe = Pipe(command.process.stdout, events)
        wait_until(lambda: len(events.digests) > 10, "nothing is read")
        wait_until(lambda: (state / "checkpoint.b").exists(), "nothing is saved")
        assert command.stop() == 0
        pipe.finish()
        yield command, live, events


@pytest.mark.parametrize("seed", range(DAMAGES))
def test_t14_damaged_state_skips_nothing(
    scene: Scene, read: tuple[Command, Path, Events], seed: int
) -> None:
    command, live, events = read
    random = Random(seed)
    # Twice of three times both, so that nothing is left.
    for name in CHECKPOINTS[: 1 + (seed % 3 > 0)]:
        path = live.parent / "state" / name
        path.write_bytes(_damaged(random, path.read_bytes()))
    rotate(live, "current", 1)
    live.write_bytes(scene.second)
    command.start(subprocess.PIPE)
    pipe = Pipe(command.process.stdout, events)
    events.wait_for_last()
    assert command.stop() in ENDED
    pipe.finish()
    verdict = judge(scene.clean, events)
    show(f"T14 damage {seed}", **vars(verdict))
    assert verdict.clean
    assert "Traceback" not in command.told()


def test_t14_state_of_a_newer_version_is_left_alone(
    read: tuple[Command, Path, Events],
) -> None:
    command, live, _ = read
    newer = Generation(99, b"of tomorrow", version=VERSION + 1)
    data = header(newer) + newer.payload
    path = live.parent / "state" / "checkpoint.a"
    path.write_bytes(data)
    command.start()
    assert command.process.wait(HANG) == 78
    assert path.read_bytes() == data
    assert "Traceback" not in command.told()


def test_t15_of_twenty_at_once_one_runs(tmp_path: Path) -> None:
    (tmp_path / "mail.current").write_bytes(b"")
    for number in range(ROUNDS):
        _contest(tmp_path, tmp_path / f"round{number}")
    show("T15", rounds=ROUNDS, at_once=AT_ONCE, losers=(AT_ONCE - 1) * ROUNDS)


def _contest(tmp_path: Path, folder: Path) -> None:
    folder.mkdir()
    with ExitStack() as held:
        crowd = [
            held.enter_context(_contender(tmp_path, folder / str(one)))
            for one in range(AT_ONCE)
        ]
        wait_until(lambda: _running(crowd) == 1, "not one of twenty runs")
        (winner,) = [one for one in crowd if one.process.poll() is None]
        for one in crowd:
            if one is not winner:
                _check_loser(one, winner.process.pid)
        # Its lock dies with it, whatever it could say before.
        winner.kill()
        heir = held.enter_context(_contender(tmp_path, folder / "heir"))
        wait_until(lambda: _holds(heir, tmp_path), "the lock is not taken over")
        assert heir.stop() == 0


def _contender(tmp_path: Path, folder: Path) -> Command:
    folder.mkdir()
    arguments = ("--state-dir", tmp_path / "state")
    command = Command(folder, "tail", tmp_path / "mail.current", *arguments)
    command.start()
    return command


def _running(crowd: list[Command]) -> int:
    return sum(one.process.poll() is None for one in crowd)


def _check_loser(loser: Command, winner: int) -> None:
    assert loser.process.returncode == 3
    (line,) = loser.told().splitlines()
    assert re.search(rf"is held by process {winner}, started", line)


def _holds(command: Command, tmp_path: Path) -> bool:
    assert command.process.poll() is None, command.told()
    return f'"pid": {command.process.pid},' in (tmp_path / "state/lock").read_text()


def test_t16_every_stop_signal_twice(
    read: tuple[Command, Path, Events], tmp_path: Path
) -> None:
    command, _, _ = read
    for number in (signal.SIGTERM, signal.SIGINT):
        command.start()
        wait_until(lambda: _holds(command, tmp_path), "it does not start")
        command.process.send_signal(number)
        assert command.stop(number) == 0
    assert "Traceback" not in command.told()

"""T17, T22, T23: a reader that pauses or goes, a receiver that fails in every way."""

import subprocess
import time
from collections.abc import Iterator
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
from tests.soak.events import Events, judge
from tests.soak.letters import read_letters
from tests.soak.lines import write_source
from tests.soak.memory import rss
from tests.soak.pipe import Pipe
from tests.soak.receiver import Receiver
from tests.soak.sizes import HANG, show, size

LINES = size(8_000, 400_000)
PAUSE = size(1.0, 60.0)
RESTARTS = size(4, 100)
DOWN = size(10.0, 300.0)
#: KiB that the memory may grow while nobody takes the events.
GROWTH = 10 * 1024


@dataclass(frozen=True)
class Scene:
    source: Path
    clean: Events


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene")
    write_source(folder / "source", LINES, 4, seed=17)
    return Scene(folder / "source", clean_run(folder / "source", folder))


def _tail(tmp_path: Path, *options: object) -> Command:
    log = tmp_path / "log"
    log.mkdir(exist_ok=True)
    state = ("--state-dir", tmp_path / "state", "--dead-letter", tmp_path / "dead")
    return Command(tmp_path, "tail", log / "mail.current", *state, *options)


def _write(scene: Scene, tmp_path: Path, seconds: float) -> None:
    assert start_writer(scene.source, tmp_path / "log", "current", seconds).wait() == 0


def test_t17_a_reader_that_pauses_gets_everything(scene: Scene, tmp_path: Path) -> None:
    events = Events()
    with _tail(tmp_path) as command:
        command.start(subprocess.PIPE)
        pipe = Pipe(command.process.stdout, events)
        wait_for_state(tmp_path)
        pipe.pause()
        _write(scene, tmp_path, 0)
        time.sleep(PAUSE / 2)
        before = rss(command.process.pid)
        time.sleep(PAUSE / 2)
        grown = rss(command.process.pid) - before
        pipe.resume()
        events.wait_for_last()
        assert command.stop() in ENDED
        pipe.finish()
    verdict = judge(scene.clean, events)
    show("T17 paused", seconds=PAUSE, grown_KiB=grown, **vars(verdict))
    assert verdict.clean
    assert verdict.duplicates == 0
    assert grown < GROWTH


def test_t17_a_stop_ends_it_though_nobody_reads(scene: Scene, tmp_path: Path) -> None:
    events = Events()
    with _tail(tmp_path) as command:
        command.start(subprocess.PIPE)
        pipe = Pipe(command.process.stdout, events)
        wait_for_state(tmp_path)
        pipe.pause()
        _write(scene, tmp_path, 0)
        wait_until(lambda: _blocked(command), "it is not held up")
        assert command.stop() == 0
        pipe.finish()
        command.start(subprocess.PIPE)
        pipe = Pipe(command.process.stdout, events)
        events.wait_for_last()
        assert command.stop() in ENDED
        pipe.finish()
    verdict = judge(scene.clean, events)
    show("T17 stopped while held up", **vars(verdict))
    assert verdict.clean


def _blocked(command: Command) -> bool:
    """Say whether it has written and waits: a pipe is full at 64 KiB."""
    process = Path(f"/proc/{command.process.pid}")
    written = process.joinpath("io").read_text().split("wchar: ")[1].split()[0]
    state = process.joinpath("stat").read_text().rsplit(") ")[1][0]
    return int(written) > 65_000 and state == "S"


def test_t17_a_reader_that_goes_ends_it(scene: Scene, tmp_path: Path) -> None:
    events = Events()
    with _tail(tmp_path) as command:
        command.start(subprocess.PIPE)
        wait_for_state(tmp_path)
        assert command.process.stdout is not None
        command.process.stdout.close()
        _write(scene, tmp_path, 0)
        assert command.process.wait(HANG) == 74
        command.start(subprocess.PIPE)
        pipe = Pipe(command.process.stdout, events)
        events.wait_for_last()
        assert command.stop() in ENDED
        pipe.finish()
    verdict = judge(scene.clean, events)
    show("T17 closed", **vars(verdict))
    assert verdict.clean
    assert "Traceback" not in command.told()


def _faults(seed: int, share: float) -> Iterator[str]:
    random = Random(seed)
    while True:
        fault = random.choice(("reset", "stored", "silent"))
        yield fault if random.random() < share else "ack"


def test_t22_t23_a_receiver_that_fails_gets_everything(
    scene: Scene, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("forward: {ack_timeout: 1}\n")
    faults = _faults(seed=22, share=size(0.3, 0.1))
    random = Random(23)
    with Receiver(lambda number: next(faults)) as receiver:
        address = ("--forward", f"127.0.0.1:{receiver.port}", "--config", config)
        with _tail(tmp_path, *address) as command:
            command.start()
            wait_for_state(tmp_path)
            seconds = RESTARTS * size(0.8, 2.0)
            writer = start_writer(scene.source, tmp_path / "log", "current", seconds)
            for _ in range(RESTARTS):
                time.sleep(random.uniform(0.1, size(1.5, 3.9)))
                receiver.stop()
                time.sleep(random.uniform(0.0, 0.5))
                receiver.start()
            assert writer.wait(HANG) == 0
            receiver.events.wait_for_last()
            assert command.stop() in ENDED
    verdict = judge(scene.clean, receiver.events)
    letters, _ = read_letters(tmp_path / "dead")
    show(
        "T22 T23",
        restarts=RESTARTS,
        connections=receiver.connections,
        chunks=receiver.chunks,
        letters=len(letters),
        **vars(verdict),
    )
    assert verdict.clean
    assert "Traceback" not in command.told()


def test_t23_a_receiver_that_is_down_costs_no_memory(
    scene: Scene, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        address = ("--forward", f"127.0.0.1:{receiver.port}")
        receiver.stop()
        with _tail(tmp_path, *address) as command:
            command.start()
            wait_for_state(tmp_path)
            writer = start_writer(scene.source, tmp_path / "log", "current", DOWN / 2)
            wait_until(lambda: "retrying" in command.told(), "it does not try")
            before = rss(command.process.pid)
            time.sleep(DOWN)
            grown = rss(command.process.pid) - before
            assert writer.wait(HANG) == 0
            receiver.start()
            receiver.events.wait_for_last()
            assert command.stop() in ENDED
    verdict = judge(scene.clean, receiver.events)
    show("T23 down", seconds=DOWN, grown_KiB=grown, **vars(verdict))
    assert verdict.clean
    assert grown < GROWTH

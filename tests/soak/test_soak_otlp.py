"""`tail --otlp`, killed again and again, into a receiver that fails."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.soak.command import (
    ENDED,
    Command,
    clean_run,
    start_writer,
    wait_for_state,
)
from tests.soak.events import Events, judge
from tests.soak.lines import write_source
from tests.soak.sizes import HANG, show, size
from tests.support import otlp_receiver as receivers
from tests.support.otlp_receiver import Behaviour, Exchange, Receiver

LINES = size(8_000, 400_000)
KILLS = size(6, 100)
SEED = 20261127
FAULTS: tuple[Behaviour, ...] = (
    receivers.busy(503, Retry_After="0"),
    receivers.busy(429),
    receivers.reset,
    receivers.store_and_reset,
    receivers.store_and_tear,
)


def _faults(share: float) -> Iterator[Behaviour]:
    random = Random(SEED)
    while True:
        fails = random.random() < share
        yield random.choice(FAULTS) if fails else receivers.take


@pytest.mark.parametrize("encoding", size(["json"], ["json", "protobuf"]))
def test_kills_and_failures_lose_nothing(tmp_path: Path, encoding: str) -> None:
    source, log = tmp_path / "source", tmp_path / "log"
    write_source(source, LINES, 4, SEED)
    clean = clean_run(source, tmp_path)
    log.mkdir()
    events, faults, random = Events(), _faults(0.2), Random(SEED)
    config = tmp_path / "config.yaml"

    def behave(exchange: Exchange) -> None:
        next(faults)(exchange)

    with Receiver(usual=behave) as receiver:
        receiver.on_store = events.add
        config.write_text(f"otlp: {{encoding: {encoding}, gzip: true}}\n")
        state = ("--state-dir", tmp_path / "state", "--config", config)
        words = ("tail", log / "mail.current", "--otlp", receiver.url, *state)
        with Command(tmp_path, *words) as command:
            command.start()
            wait_for_state(tmp_path)
            lives = [random.uniform(0.5, size(2.0, 3.0)) for _ in range(KILLS)]
            writer = start_writer(source, log, "current", sum(lives))
            for number, life in enumerate(lives):
                time.sleep(life)
                if number % 2:
                    # Both at once: what was not answered is sent by the next process.
                    receiver.stop()
                command.kill()
                command.start()
                if number % 2:
                    receiver.start()
            assert writer.wait(HANG) == 0
            events.wait_for_last()
            assert command.stop() in ENDED
    verdict = judge(clean, events)
    show(f"otlp {encoding}", kills=KILLS, **vars(verdict))
    assert verdict.clean
    assert "Traceback" not in command.told()

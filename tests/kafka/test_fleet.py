"""Workers killed, partitions moved, a broker stopped: the events of one process.

The small run is part of `make test`, the full one of `make soak`.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.kafka.chaos import Chaos, Feeding
from tests.kafka.cluster import Cluster
from tests.kafka.fleet import Names, committed, compare, undisturbed, wait_for_workers
from tests.kafka.lines import fleet
from tests.kafka.topics import Feeder, require_kafka
from tests.kafka.workers import Worker, wait_until
from tests.soak.sizes import FULL, show, size

LINES = size(16_000, 1_000_000)
APPLIANCES = size(10, 50)
BROKERS = size(1, 3)
WORKERS = size(2, 3)
PARTITIONS = size(4, 12)
KILLS = size(2, 10)
KILL_EVERY = size(4.0, 15.0)
REBALANCE_EVERY = size(5.0, 10.0)
SECONDS = size(12.0, 170.0)
#: Longer than the session timeout of the configuration.
AWAY = size(7.5, 9.0)
FREEZES = size(1, 3)
SEED = 20260317


@pytest.fixture(scope="module")
def brokers(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Cluster]:
    """The cluster that the other tests use, or in the full run one of its own."""
    require_kafka()
    if not FULL:
        yield request.getfixturevalue("cluster")
        return
    folder = tmp_path_factory.mktemp("brokers")
    with Cluster(folder, BROKERS, heap="-Xmx768m") as running:
        yield running


def test_a_fleet_that_is_killed_gives_the_events_of_one_process(
    brokers: Cluster, tmp_path: Path
) -> None:
    names = Names("fleet")
    config = names.config(tmp_path, brokers, PARTITIONS)
    lines = list(fleet(LINES, APPLIANCES, SEED))
    clean = undisturbed(config, lines, tmp_path)
    names.create(brokers, PARTITIONS)
    with ExitStack() as held:
        workers = [
            held.enter_context(
                Worker(tmp_path / f"w{n}", config, "--instance", f"w{n}")
            )
            for n in range(WORKERS)
        ]
        joiner = held.enter_context(Worker(tmp_path / "joiner", config))
        for worker in workers:
            worker.start()
        wait_until(lambda: all(worker.works for worker in workers))
        random = Random(SEED)
        chaos = Chaos(
            *(workers, joiner, random, KILLS, KILL_EVERY),
            *(REBALANCE_EVERY, AWAY, FREEZES),
        )
        if BROKERS > 1:
            chaos.stop_broker(brokers, 2, SECONDS * 0.4, SECONDS * 0.4 + 20)
        feeder = Feeder(brokers.address, names.raw, PARTITIONS)
        feeding = Feeding(feeder, lines, SECONDS)
        began = time.monotonic()
        feeding.start()
        chaos.run(SECONDS)
        feeding.finish()
        wait_for_workers(brokers, names, [*workers, joiner])
        took = time.monotonic() - began
        if joiner.running:
            assert joiner.stop() == 0
        assert [worker.stop() for worker in workers] == [0] * WORKERS
    found = committed(brokers, names, tmp_path / "found")
    figures = compare(clean, found)
    show(
        "Kafka",
        lines=len(lines),
        appliances=APPLIANCES,
        workers=WORKERS,
        brokers=BROKERS,
        kills=KILLS,
        freezes=FREEZES,
        rebalances=chaos.rebalances,
        gave_up=sum(worker.gave_up for worker in (*workers, joiner)),
        seconds=round(took),
        **figures,
    )
    assert figures.pop("events") > LINES // 20
    assert set(figures.values()) == {0}
    assert sum(clean.dead.values()) > 0

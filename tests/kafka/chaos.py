"""What happens to a fleet of workers while its log is written."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.kafka.cluster import Cluster
from tests.kafka.lines import Line
from tests.kafka.topics import Feeder
from tests.kafka.workers import Worker

_TICK = 0.1
_CHUNK = 200


class Feeding:
    """Feeds lines evenly over so many seconds, in a thread while in its context."""

    def __init__(self, feeder: Feeder, lines: Sequence[Line], seconds: float) -> None:
        self._feeder, self._lines, self._seconds = feeder, lines, seconds
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self.start = self._thread.start

    def finish(self) -> None:
        """Return when all lines are with the brokers."""
        self._thread.join()
        self._feeder.finish()

    def _feed(self) -> None:
        began, count = time.monotonic(), len(self._lines)
        for at in range(0, count, _CHUNK):
            early = began + self._seconds * at / count - time.monotonic()
            time.sleep(max(0.0, early))
            self._feeder.feed(self._lines[at : at + _CHUNK])


@dataclass
class Chaos:
    """A plan of kills and rebalances, in seconds from its start.

    A worker that is killed comes back at once, or, every other time, after ``away``
    seconds, when its partitions have gone to the others. One that is frozen for so long
    comes back believing that they are still its own. ``joiner`` joins and leaves, and
    each of it is a rebalance.
    """

    workers: Sequence[Worker]
    joiner: Worker
    random: Random
    kills: int
    kill_every: float
    rebalance_every: float
    away: float
    freezes: int
    rebalances: int = 0
    _due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _began: float = 0.0

    def run(self, seconds: float) -> None:
        """Do it all; a worker that ends by itself is started again."""
        self._began = time.monotonic()
        for number in range(1, self.kills + 1):
            self.at(number * self.kill_every, lambda n=number: self._kill(n))  # type: ignore[misc]
        for number in range(self.freezes):
            self.at((number + 0.5) * seconds / self.freezes, self._freeze)
        for number in range(1, int(seconds / self.rebalance_every) + 1):
            self.at(number * self.rebalance_every, self._rebalance)
        while self._due or self._now() < seconds:
            self._step()
            time.sleep(_TICK)
        for worker in self.workers:
            if not worker.running:
                worker.start()

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Plan ``what``."""
        self._due.append((when, what))

    def stop_broker(
        self, cluster: Cluster, number: int, when: float, to: float
    ) -> None:
        """Plan that a broker is away from ``when`` to ``to``."""
        self.at(when, lambda: cluster.stop(number))
        self.at(to, lambda: cluster.start(number))

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _step(self) -> None:
        for worker in (*self.workers, self.joiner):
            worker.watch()
        now = self._now()
        due = [plan for plan in self._due if plan[0] <= now]
        self._due = [plan for plan in self._due if plan[0] > now]
        for _, what in due:
            what()

    def _kill(self, number: int) -> None:
        running = [worker for worker in self.workers if worker.running]
        worker = self.random.choice(running)
        worker.kill()
        self.at(self._now() + (self.away if number % 2 else 0.0), worker.start)

    def _freeze(self) -> None:
        running = [worker for worker in self.workers if worker.running]
        worker = self.random.choice(running)
        worker.freeze()
        self.at(self._now() + self.away, worker.thaw)

    def _rebalance(self) -> None:
        if not self.joiner.running:
            self.joiner.start()
        elif self.joiner.works:
            assert self.joiner.stop() == 0
        else:
            return
        self.rebalances += 1

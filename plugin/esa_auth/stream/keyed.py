"""All appliances that a worker works on, from their first line to the next rebalance.

What a pipeline knows is kept here between commits and written to the engine's state at
each of them. It is read back only after an assignment: `forget` drops all of it, and
with it whatever a transaction that was not committed had made of it.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Generic, TypeVar

from esa_auth.model.counters import Counters
from esa_auth.pipeline import Pipeline
from esa_auth.stream.split import Store
from esa_auth.stream.stateful import StatefulPipeline

Out = TypeVar("Out")
Place = tuple[str, int, bytes]


class KeyedPipelines(Generic[Out]):
    """Pipelines by topic, partition and key."""

    def __init__(
        self,
        make: Callable[[], Pipeline],
        feed: Callable[[Pipeline, bytes, bytes], None],
        take: Callable[[Pipeline, bytes], list[Out]],
    ) -> None:
        """``feed`` gives a pipeline a value of a key, ``take`` takes what it made."""
        self._make, self._feed, self._take = make, feed, take
        self._held: dict[Place, StatefulPipeline] = {}
        self._touched: dict[Place, tuple[StatefulPipeline, Store]] = {}
        self._before = Counters()

    def read(self, place: Place, value: bytes, store: Store) -> list[Out]:
        """Read a message of a key; return what it makes.

        Raises:
            StateVersionError: a newer version wrote the key's state.
            ConfigError: it was written with other settings of privacy.
        """
        held = self._held.get(place)
        if held is None:
            held = self._held[place] = StatefulPipeline(self._make(), store)
        # The store is of the open transaction: what is written goes with its lines.
        self._touched[place] = (held, store)
        self._feed(held.pipeline, place[2], value)
        return self._take(held.pipeline, place[2])

    def write(self) -> None:
        """Write what changed since the last time, before the engine commits."""
        for held, store in self._touched.values():
            held.write(store)
        self._touched.clear()

    def forget(self) -> None:
        """Drop everything; what was not written is read again by whom it belongs to."""
        for held in self._held.values():
            self._before = _sum(self._before, held.pipeline.counters)
        self._held.clear()
        self._touched.clear()

    def counters(self) -> Counters:
        """Return the account of every line read, also of those read again."""
        total = self._before
        for held in self._held.values():
            total = _sum(total, held.pipeline.counters)
        return total


def _sum(one: Counters, other: Counters) -> Counters:
    more = asdict(other)
    return Counters(**{name: n + more[name] for name, n in asdict(one).items()})

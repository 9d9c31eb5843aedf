"""All appliances by name, and the bounds on what is held of them."""

from collections.abc import Callable
from dataclasses import replace
from heapq import heapify, heapreplace

from esa_auth.envelope import Present
from esa_auth.model.counters import ApplianceCounts
from esa_auth.model.facts import Instant
from esa_auth.model.session import Session
from esa_auth.pipeline.appliance import Appliance, Interval, Settings
from esa_auth.pipeline.emitter import Emitter
from esa_auth.sessions import Event, Table

# A fleet has fewer; who can send us syslog can send any name.
MOST_APPLIANCES = 10_000


class ApplianceRegistry:
    """Appliances by name; keeps their number, and their open sessions, under a cap."""

    def __init__(self, emitter: Emitter, settings: Settings) -> None:
        """``emitter`` makes the ends of the sessions that are dropped."""
        self.present = Present(settings.reference) if settings.live else None
        # Reads what an appliance put off, before it is forgotten.
        self.read_odd: Callable[[Appliance], None] | None = None
        self.appliances: dict[str, Appliance] = {}
        # Of those that were forgotten: the sums over all must not go back.
        self.forgotten = ApplianceCounts()
        self.settings = settings
        self._emitter = emitter
        self._names = dict(settings.names)
        # Looked at now and then, not at every connection, and always at the same
        # connections: a replay must evict the same ones.
        self.until_look = Interval(settings.look_every)

    def named(self, name: str) -> Appliance:
        """Return the appliance called ``name``, or at the address ``name``."""
        appliance = self.appliances.get(name)
        if appliance is None:
            name = self._names.get(name, name)
            appliance = self.appliances.get(name)
        if appliance is None:
            if len(self.appliances) >= MOST_APPLIANCES:
                self._forget_appliances()
            appliance = Appliance(name, self.settings, self.present)
            self.appliances[name] = appliance
        return appliance

    def anchor(self, reference: int) -> None:
        """Take ``reference`` as the time at which the next lines' file was written."""
        self.settings = replace(self.settings, reference=reference)
        for appliance in self.appliances.values():
            appliance.clock.anchor(reference)
            appliance.head = None

    def open_sessions(self) -> int:
        """Return how many connections are held, of all appliances."""
        return sum(a.open_sessions() for a in self.appliances.values())

    def grown(self, appliance: Appliance) -> None:
        """Note that a connection was added; expire and evict when it is time."""
        if appliance.until_look.is_over():
            clock = appliance.clock
            for table in (appliance.inbound, appliance.outbound):
                for ended in table.sweep(clock.steady, clock.now):
                    self._emitter.ended(ended, appliance)
        if self.until_look.is_over():
            excess = self.open_sessions() - self.settings.cap
            if excess > 0:
                self._evict(excess)

    def alive(
        self, appliance: Appliance, table: Table, number: bytes, instant: Instant | None
    ) -> Session | None:
        """Return the live session of ``number``, if it is not too old for a line."""
        if instant is None:
            return None
        if (ended := table.expire(number, instant.epoch)) is not None:
            self._emitter.ended(ended, appliance)
        return table.session_of(number)

    def _forget_appliances(self) -> None:
        # By the time of their own logs: the same ones at a replay.
        ours = self.settings.appliance
        others = [a for a in self.appliances.values() if a.name != ours]
        others.sort(key=lambda appliance: appliance.clock.now)
        for appliance in others[: MOST_APPLIANCES // 16]:
            if appliance.odd and self.read_odd:
                self.read_odd(appliance)
            del self.appliances[appliance.name]
            for ended in appliance.abandon(Event.CROWDED_OUT):
                self._emitter.ended(ended, appliance)
            self._emitter.release_all(appliance)
            self.forgotten.add(appliance.counts())

    def _evict(self, excess: int) -> None:
        # The largest pays: a flood on one appliance costs the others nothing. Of equal
        # ones the first, and in a heap: a flood of names makes many small ones.
        heap = [
            (-appliance.open_sessions(), number, appliance)
            for number, appliance in enumerate(self.appliances.values())
        ]
        heapify(heap)
        while excess > 0:
            _, number, appliance = heap[0]
            table = max(appliance.inbound, appliance.outbound, key=len)
            before = len(table)
            for ended in table.evict(excess, appliance.clock.now):
                self._emitter.ended(ended, appliance)
            excess -= before - len(table)
            heapreplace(heap, (-appliance.open_sessions(), number, appliance))

"""All appliances and the bounds on what is held of them."""

from collections.abc import Callable
from dataclasses import replace
from heapq import heapify, heapreplace
from typing import Generic, TypeVar

from esa_auth.envelope import Present
from esa_auth.model.facts import Instant
from esa_auth.model.session import Session
from esa_auth.pipeline.appliance import Appliance, Settings
from esa_auth.pipeline.emitter import Emitter
from esa_auth.sessions import Table, is_expired

Out = TypeVar("Out")

# A fleet has fewer; who can send us syslog can send any name.
MOST_APPLIANCES = 10_000


class Population(Generic[Out]):
    """Appliances by name; keeps their number, and their open sessions, under a cap."""

    def __init__(
        self,
        emitter: Emitter[Out],
        settings: Settings,
        make: Callable[[str, Settings, Present | None], Appliance],
    ) -> None:
        """``make`` makes an appliance of its name."""
        self.present = Present(settings.reference) if settings.live else None
        # Called when lines that an appliance put off were odd.
        self.came_back: Callable[[Appliance], None] | None = None
        self.appliances: dict[str, Appliance] = {}
        self.settings = settings
        self._emit, self._make = emitter, make
        self._names = dict(settings.names)
        # Looked at now and then, not at every connection, and always at the same
        # connections: a replay must evict the same ones.
        self._every = settings.look_every
        self.until_look = self._every

    def look_in(self, connections: int) -> None:
        """Look after so many connections for what is too much.

        Raises:
            ValueError: it is no such number.
        """
        if not int(connections) > 0:
            raise ValueError(f"look in {connections} connections")
        # The cap, and with it how often is looked, may be another one than at the stop.
        self.until_look = min(int(connections), self._every)

    def named(self, name: str) -> Appliance:
        """Return the appliance called ``name``, or at the address ``name``."""
        appliance = self.appliances.get(name)
        if appliance is None:
            name = self._names.get(name, name)
            appliance = self.appliances.get(name)
        if appliance is None:
            if len(self.appliances) >= MOST_APPLIANCES:
                self._forget_appliances()
            appliance = self._make(name, self.settings, self.present)
            appliance.came_back = self.came_back
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
        appliance.until_look -= 1
        if not appliance.until_look:
            appliance.until_look = self._every
            for table in (appliance.inbound, appliance.outbound):
                clock = appliance.clock
                for session in table.sweep(clock.steady, clock.now):
                    self._emit.abandoned(session, appliance, "session_expired")
        self.until_look -= 1
        if self.until_look:
            return
        self.until_look = self._every
        excess = self.open_sessions() - self.settings.cap
        if excess > 0:
            self._evict(excess)

    def alive(
        self, appliance: Appliance, table: Table, number: bytes, instant: Instant | None
    ) -> Session | None:
        """Return the live session of ``number``; one that is too old ends here."""
        if number not in table.live or instant is None:
            return None
        session = table.live[number]
        if not is_expired(session.start.epoch, instant.epoch, table.max_age):
            return session
        table.drop_expired(number)
        self._emit.abandoned(session, appliance, "session_expired")
        return None

    def _forget_appliances(self) -> None:
        # By the time of their own logs: the same ones at a replay.
        ours = self.settings.appliance
        others = [a for a in self.appliances.values() if a.name != ours]
        others.sort(key=lambda appliance: appliance.clock.now)
        for appliance in others[: MOST_APPLIANCES // 16]:
            if appliance.odd and self.came_back:
                self.came_back(appliance)
            del self.appliances[appliance.name]
            # The sums over all appliances must not go back.
            first = next(iter(self.appliances.values()))
            first.inherit(appliance)
            heir = first.inbound
            for table in (appliance.inbound, appliance.outbound):
                while table:
                    for session in table.evict(len(table)):
                        self._emit.abandoned(session, appliance, "session_evicted")
                heir.evicted += table.evicted
                heir.expired += table.expired
                heir.replaced += table.replaced
                heir.conflicts += table.conflicts
            for held in appliance.waiting.take_all():
                self._emit.release(held, appliance)

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
            for session in table.evict(excess):
                self._emit.abandoned(session, appliance, "session_evicted")
            excess -= before - len(table)
            heapreplace(heap, (-appliance.open_sessions(), number, appliance))

"""All appliances by name, no more of them than a bound."""

from collections.abc import Callable
from dataclasses import replace

from esa_auth.envelope import Present
from esa_auth.model.counters import ApplianceCounts
from esa_auth.pipeline.appliance import Appliance, Settings
from esa_auth.pipeline.emitter import Emitter
from esa_auth.sessions import Event

# A fleet has fewer; who can send us syslog can send any name.
MOST_APPLIANCES = 10_000


class ApplianceRegistry:
    """Appliances by name; forgets some when there are too many."""

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
        # Connections until the next look for too many of them: not at every one, but
        # always at the same ones, for a replay must evict the same sessions.
        self.until_look = settings.look_every

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

"""What native code is told of an appliance that lines with one head are of."""

from collections.abc import Callable
from typing import Any, TypeAlias

from esa_auth.identity import MOST_LINES, SECONDS_KEPT, Identity
from esa_auth.pipeline.appliance import Appliance
from esa_auth.pipeline.native.events import NativeEvents
from esa_auth.pipeline.native.steps import NO_STEPS, steps_of
from esa_auth.pipeline.native.tables import Open, live_clients, live_servers
from esa_auth.pipeline.registry import MOST_APPLIANCES, ApplianceRegistry

# What native code needs of an appliance; see `plugin/native/src/place.rs`.
Place: TypeAlias = tuple[Any, ...]


class Places:
    """Tells native code of appliances; ``events`` is what writes their events."""

    def __init__(self, registry: ApplianceRegistry, make: Callable[..., Any]) -> None:
        """``make`` is the class of native code for an appliance."""
        self._registry, self._make = registry, make
        # None: all events are Python's.
        self.events: NativeEvents | None = None
        # By name; and how many there were.
        self._written: dict[str, Written] = {}
        self._appliances = 0

    def of(self, head: bytes, appliance: Appliance) -> Place | None:
        """Return what lines with ``head`` are read with; None: Python reads them."""
        if appliance.changes.watching or appliance.odd or appliance.instant is None:
            return None
        inbound, outbound = appliance.inbound, appliance.outbound
        # Of a line that does not name its appliance no event is written.
        writing = self._writing(appliance) if head else None
        return (
            head,
            appliance.instant.epoch,
            self.room(appliance),
            appliance.series.thousand,
            appliance.series.doubled,
            [inbound.kept, inbound.live],
            [outbound.kept, outbound.live],
            appliance.messages.open,
            self._steps(appliance, head),
            writing,
        )

    def told_of(self, appliance: Appliance) -> tuple[Any, ...]:
        """Return what of a place a line may change that has the same head."""
        writes = self.events is not None and self.events.writer.is_worth_it_natively
        series = appliance.series
        return series.thousand, series.doubled, appliance.observer, writes

    def room(self, appliance: Appliance) -> int:
        """Return how many connections may be added before Python looks at all."""
        return min(appliance.until_look, self._registry.until_look) - 1

    def _steps(self, appliance: Appliance, head: bytes) -> tuple[int, int]:
        if not head or self._registry.settings.waits:
            return NO_STEPS
        return steps_of(appliance, head, self._registry.present)

    def _writing(self, appliance: Appliance) -> tuple[Any, ...] | None:
        """Return what native code needs for events; None: it writes none."""
        events, head, instant = self.events, appliance.head, appliance.instant
        if events is None or not events.writer.is_worth_it_natively:
            return None
        if head is None or instant is None or head.repeated:
            return None
        if type(appliance.identity) is not Identity:
            # A replay knows how often a line came before.
            return None
        made = self._written.get(appliance.name)
        if made is None or not made.is_of(appliance):
            if len(self._written) >= MOST_APPLIANCES:
                self._written.clear()
            self._appliances += 1
            made = Written(appliance, self._appliances, self._make)
            self._written[appliance.name] = made
        key = (head.level, head.program, head.priority, head.host, instant.zone)
        return (
            made.told,
            instant,
            instant.iso,
            events.number_of(appliance.observer),
            events.fragment("head", key),
            events.fragment("flags", instant.flags),
        )


class Written:
    """An appliance, and what native code is told of it once."""

    def __init__(
        self, appliance: Appliance, number: int, make: Callable[..., Any]
    ) -> None:
        """``make`` is the class of native code for one."""
        self._appliance, self._identity = appliance, appliance.identity
        self._seconds = self._identity.snapshot()
        live = live_clients(appliance.inbound, appliance.messages)
        appliance.inbound.live = live
        appliance.outbound.live = live_servers(appliance.outbound)
        appliance.messages.open = Open(appliance.messages, live)
        self.told = make(
            appliance.name,
            number,
            self._identity.texts,
            self._seconds,
            SECONDS_KEPT,
            MOST_LINES - 1,
        )

    def is_of(self, appliance: Appliance) -> bool:
        """Return whether ``appliance`` is that one, and counts lines where it did."""
        identity = appliance.identity
        same = appliance is self._appliance and identity is self._identity
        return same and identity.snapshot() is self._seconds

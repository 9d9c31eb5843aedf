"""Lines whose time is implausible: put off, or read so that they change nothing.

See `envelope.clock` for when a time is. Such a line is read with an appliance of its
own, which is thrown away: its event has no context, no session counts it, and what it
says of a connection is forgotten with it.
"""

from collections.abc import Callable

from esa_auth.envelope.clock import MOST_ODD
from esa_auth.envelope.stamp import DAY
from esa_auth.pipeline.appliance import (
    Appliance,
    ImplausibleTimeError,
    Odd,
    Settings,
)
from esa_auth.pipeline.dispatch import Dispatcher, Handler
from esa_auth.pipeline.emitter import Emitter
from esa_auth.pipeline.line import Line


class OddLines:
    """Takes the lines that were not read where they came."""

    def __init__(
        self,
        emitter: Emitter,
        dispatch: Dispatcher,
        settings: Settings,
        take: Callable[[Handler, Line, int], bool],
    ) -> None:
        """``take`` has a line read so many times."""
        self._emit, self._dispatch = emitter, dispatch
        self._settings = settings
        self._take = take

    def take(self, found: ImplausibleTimeError) -> None:
        """Read a line apart from the others, or put it off until it is known why."""
        appliance = found.appliance
        if appliance.clock.live:
            self._apart(appliance, found.odd)
            return
        # It counts when it is read: after a stop, in the process that does so.
        self._emit.counters.held += 1
        appliance.odd.append(found.odd)
        if len(appliance.odd) >= MOST_ODD:
            self._as_real(appliance, self._taken(appliance))

    def came_back(self, appliance: Appliance) -> None:
        """Read what was put off: the line after it is where the others are."""
        for odd in self._taken(appliance):
            self._apart(appliance, odd)

    def settle(self, appliance: Appliance) -> None:
        """Read what was put off, for nothing comes after it."""
        clock, lines = appliance.clock, self._taken(appliance)
        times = [self._time(appliance, odd) for odd in lines]
        if clock.alone and _agree(times):
            # It was set by a line that is odd itself.
            self._as_real(appliance, lines)
            return
        later = []
        for odd, time in zip(lines, times, strict=True):
            if time > clock.now:
                later.append(odd)
            else:
                self._apart(appliance, odd)
        self._as_real(appliance, later)

    def _time(self, appliance: Appliance, odd: Odd) -> int:
        apart = self._scratch(appliance)
        instant = apart.move_to(odd.line, odd.envelope)
        return 0 if instant is None else instant.epoch

    def _taken(self, appliance: Appliance) -> list[Odd]:
        lines, appliance.odd = appliance.odd, []
        self._emit.counters.held -= len(lines)
        return lines

    def _as_real(self, appliance: Appliance, lines: list[Odd]) -> None:
        appliance.clock.trusting = True
        for odd in lines:
            self._read(appliance, odd)
        appliance.clock.trusting = False

    def _apart(self, appliance: Appliance, odd: Odd) -> None:
        appliance.implausible += 1
        apart = self._scratch(appliance)
        self._read(apart, odd)
        self._emit.release_all(apart)

    def _scratch(self, appliance: Appliance) -> Appliance:
        apart = Appliance(appliance.name, self._settings)
        apart.observer, apart.identity = appliance.observer, appliance.identity
        apart.clock = appliance.clock.apart()
        return apart

    def _read(self, appliance: Appliance, odd: Odd) -> None:
        raw, envelope, times, rejected = odd
        line = Line(appliance, raw, envelope)
        if rejected is not None:
            self._dispatch.reject(line, *rejected)
        else:
            # An earlier version may have put off what begins as no line does now.
            handle = self._dispatch.of(raw, envelope.body_at) or self._dispatch.read
            self._take(handle, line, times)


def _agree(times: list[int]) -> bool:
    """Return whether lines of more than one second are of one day."""
    return bool(times) and 0 < max(times) - min(times) <= DAY

"""Lines whose time is implausible: put off, or read so that they change nothing.

See `envelope.clock` for when a time is. Such a line is read with an appliance of its
own, which is thrown away: its event has no context, no session counts it, and what it
says of a connection is forgotten with it.
"""

from collections.abc import Callable
from typing import Generic

from esa_auth.envelope.clock import MOST_ODD
from esa_auth.envelope.stamp import DAY
from esa_auth.model.facts import Envelope
from esa_auth.pipeline.appliance import Appliance, ImplausibleTimeError, Line, Odd
from esa_auth.pipeline.connections import Handler
from esa_auth.pipeline.emitter import Emitter, Out
from esa_auth.pipeline.reader import Reader

# They are passed over without a look at their time while nothing is known of their
# session. What was put off may be what makes it known.
_OF_MESSAGES = (b"MID ", b"Star", b"Mess", b"Deli", b"Boun", b"Dela", b"Conn")


class OddLines(Generic[Out]):
    """Takes the lines that were not read where they came."""

    def __init__(
        self,
        emitter: Emitter[Out],
        reader: Reader[Out],
        leads: dict[bytes, Handler],
        changed: Callable[[], None],
    ) -> None:
        """Call ``changed`` when handlers in ``leads`` were replaced."""
        self._emit, self._reader, self._leads = emitter, reader, leads
        self._settings = reader.settings
        self._changed = changed
        self._in_order = False

    def take(self, found: ImplausibleTimeError) -> None:
        """Read a line apart from the others, or put it off until it is known why."""
        appliance = found.appliance
        if appliance.clock.live:
            self._apart(appliance, found.odd)
            return
        self.keep_order()
        # It counts when it is read: after a stop, in the process that does so.
        self._emit.counters.lines -= 1
        appliance.odd.append(found.odd)
        if len(appliance.odd) >= MOST_ODD:
            self._as_real(appliance, self._taken(appliance))

    def keep_order(self) -> None:
        """See to it that what comes behind a line that is put off is put off, too."""
        if not self._in_order:
            self._in_order = True
            for lead in _OF_MESSAGES:
                self._leads[lead] = _in_order(self._leads[lead])
            self._changed()

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
        instant = self._scratch(appliance).instant(odd.line, odd.prefix)
        return 0 if instant is None else instant.epoch

    def _taken(self, appliance: Appliance) -> list[Odd]:
        lines, appliance.odd = appliance.odd, []
        self._emit.counters.lines += len(lines)
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
        for held in apart.waiting.take_all():
            self._emit.release(held, apart)

    def _scratch(self, appliance: Appliance) -> Appliance:
        apart = Appliance(appliance.name, self._settings)
        apart.observer, apart.identity = appliance.observer, appliance.identity
        apart.clock = appliance.clock.apart()
        return apart

    def _read(self, appliance: Appliance, odd: Odd) -> None:
        raw, prefix, times, refused = odd
        at = 31 if prefix is None else prefix.body_at
        line = Line(appliance, raw, at, prefix)
        if refused is not None:
            self._reader.refuse(line, *refused)
        else:
            self._reader.each_time(self._leads[raw[at : at + 4]], line, times)


def _agree(times: list[int]) -> bool:
    """Return whether lines of more than one second are of one day."""
    return bool(times) and 0 < max(times) - min(times) <= DAY


def _in_order(handle: Handler) -> Handler:
    def line(
        appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        if appliance.odd:
            appliance.instant(raw, prefix)
        handle(appliance, raw, at, prefix)

    return line

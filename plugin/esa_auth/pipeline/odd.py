"""Lines whose time is implausible: put off, or read so that they change nothing.

See `envelope.clock` for when a time is. Such a line is read with an appliance of its
own, which is thrown away: its event has no context, no session counts it, and what it
says of a connection is forgotten with it.
"""

from collections.abc import Mapping
from typing import Generic

from esa_auth.envelope.clock import MOST_ODD
from esa_auth.facts import Envelope
from esa_auth.pipeline.appliance import Appliance, ImplausibleTimeError, Line
from esa_auth.pipeline.connections import Handler
from esa_auth.pipeline.emitter import Emitter, Out
from esa_auth.pipeline.reader import Reader


class OddLines(Generic[Out]):
    """Takes the lines that were not read where they came."""

    def __init__(
        self, emitter: Emitter[Out], reader: Reader[Out], leads: Mapping[bytes, Handler]
    ) -> None:
        self._emit, self._reader, self._leads = emitter, reader, leads
        self._settings = reader.settings

    def take(self, found: ImplausibleTimeError) -> None:
        """Read a line apart from the others, or put it off until it is known why."""
        appliance = found.appliance
        if appliance.clock.live:
            self._apart(appliance, found.line, found.prefix)
            return
        appliance.odd.append((found.line, found.prefix))
        if len(appliance.odd) >= MOST_ODD:
            self._as_real(appliance, appliance.odd)

    def came_back(self, appliance: Appliance) -> None:
        """Read what was put off: the line after it is where the others are."""
        lines, appliance.odd = appliance.odd, []
        for line, prefix in lines:
            self._apart(appliance, line, prefix)

    def settle(self, appliance: Appliance) -> None:
        """Read what was put off, for nothing comes after it."""
        lines, appliance.odd = appliance.odd, []
        later = []
        for line, prefix in lines:
            apart = self._scratch(appliance)
            instant = apart.instant(line, prefix)
            if instant is not None and instant.epoch > appliance.clock.now:
                later.append((line, prefix))
            else:
                self._apart(appliance, line, prefix)
        self._as_real(appliance, later)

    def _as_real(
        self, appliance: Appliance, lines: list[tuple[bytes, Envelope | None]]
    ) -> None:
        appliance.odd = []
        appliance.clock.trusting = True
        for line, prefix in lines:
            self._handle(appliance, line, prefix)
        appliance.clock.trusting = False

    def _apart(
        self, appliance: Appliance, line: bytes, prefix: Envelope | None
    ) -> None:
        appliance.implausible += 1
        apart = self._scratch(appliance)
        self._handle(apart, line, prefix)
        for held in apart.waiting.take_all():
            self._emit.release(held, apart)

    def _scratch(self, appliance: Appliance) -> Appliance:
        apart = Appliance(appliance.name, self._settings)
        apart.observer, apart.identity = appliance.observer, appliance.identity
        apart.clock = appliance.clock.apart()
        return apart

    def _handle(
        self, appliance: Appliance, line: bytes, prefix: Envelope | None
    ) -> None:
        at = 31 if prefix is None else prefix.body_at
        handle = self._leads.get(line[at : at + 4])
        if handle is None:
            reason = "unknown head: behind it stands what looks like AUTH or a login"
            self._reader.refuse(
                Line(appliance, line, 0, prefix), "unknown_head", reason
            )
        else:
            handle(appliance, line, at, prefix)

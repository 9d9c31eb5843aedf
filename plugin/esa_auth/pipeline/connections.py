"""What lines tell of connections: one opens, how it was admitted, AUTH, the end.

Until its first AUTH line, the lines of a connection are kept as bytes that nobody has
read; see `sessions.Table`. How many are open is bounded here, over all appliances.
"""

import re
from collections.abc import Callable
from heapq import heapify, heapreplace

from esa_auth import grammar
from esa_auth.model.facts import Instant, Side
from esa_auth.model.session import Session
from esa_auth.pipeline.appliance import SIDES, Appliance
from esa_auth.pipeline.emitter import Emitter
from esa_auth.pipeline.line import Line
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.sessions import State, Table
from esa_auth.sessions.table import MAX_KEPT

# ICID 0: TCPREFUSE, and messages that the system makes itself.
NO_CONNECTION = b"0"


class Connections:
    """Changes the tables of an appliance as its lines say."""

    def __init__(
        self,
        emitter: Emitter,
        registry: ApplianceRegistry,
        advance: Callable[[Line], Instant | None],
        read: Callable[[Line], None],
    ) -> None:
        """See `Dispatcher` for ``advance``; ``read`` takes what has to be read."""
        self._emit = emitter
        self._count = emitter.counters
        self._registry = registry
        self._advance, self._read = advance, read
        self._openings = grammar.GRAMMAR.openings()
        self._at_sight = {side: grammar.GRAMMAR.at_sight(side) for side in SIDES}

    def opening(self, line: Line) -> None:
        """Take a line that begins as one that opens a connection."""
        raw, at = line.raw, line.envelope.body_at
        for side, opening in self._openings:
            if match := opening.match(raw, at):
                self._begin(side, match, line)
                return
        self._read(line)

    def line_of(self, side: Side, line: Line) -> None:
        """Take a line that begins with the number of a connection."""
        match = self._at_sight[side].match(line.raw, line.envelope.body_at)
        if match is None:
            self._read(line)
        elif match.lastgroup == "close":
            self.close(side, match[1], line)
        else:
            self.describe(side, match[1], line)

    def _begin(self, side: Side, match: re.Match[bytes], line: Line) -> None:
        number = match[1]
        instant = self._advance(line) if number != NO_CONNECTION else None
        if instant is None:
            return
        appliance = line.appliance
        self._count.context += 1
        table, series = appliance.tables[side], appliance.series
        if side == "icid" and number[:-3] != series.thousand:
            series.opened(number, instant.epoch)
        body = line.raw[line.envelope.body_at :]
        if len(body) > MAX_KEPT:
            # It opens a session all the same, of which it says nothing.
            body = match[0].rstrip()
        ended = table.opened(number, instant.epoch, body, series.jumped)
        if ended is not None:
            self._emit.ended(ended, appliance)
        self._grown(appliance)

    def describe(self, side: Side, number: bytes, line: Line) -> None:
        """Take a line on how a connection was admitted."""
        instant = self._advance(line) if number != NO_CONNECTION else None
        # Without a time, what looks like a native line may be another appliance's.
        if instant is not None:
            self._count.context += 1
            body = line.raw[line.envelope.body_at :]
            self.add(line.appliance, side, number, instant, body)

    def add(
        self,
        appliance: Appliance,
        side: Side,
        number: bytes,
        instant: Instant,
        body: bytes,
    ) -> None:
        """Keep ``body`` as a line of a connection, which may have begun before."""
        table = appliance.tables[side]
        if (ended := table.expire(number, instant.epoch)) is not None:
            self._emit.ended(ended, appliance)
        if table.described(number, instant, body):
            self._grown(appliance)

    def close(self, side: Side, number: bytes, line: Line) -> None:
        """End a connection."""
        instant = self._advance(line) if number != NO_CONNECTION else None
        if instant is None:
            return
        appliance = line.appliance
        ended = appliance.tables[side].closed(number, instant.epoch)
        if ended is None or ended.state is not State.CLOSED:
            self._count.context += 1
            if ended is not None:
                self._emit.ended(ended, appliance)
            return
        appliance.messages.ended(ended.session)
        line = line.trimmed()
        source = line.source(instant, line.body.rstrip())
        self._emit.closed(ended.session, source, appliance)

    def session(
        self, appliance: Appliance, side: Side, number: str | None, instant: Instant
    ) -> Session | None:
        """Return the session that an AUTH line of ``instant`` is of, begun if need be.

        None: the line is of no connection.
        """
        if number is None or not number.strip("0"):
            return None
        table, key = appliance.tables[side], number.encode()
        if (ended := table.expire(key, instant.epoch)) is not None:
            self._emit.ended(ended, appliance)
        session = table.authenticated(key, instant)
        if session.last is None:
            session.conflict = session.conflict or appliance.series.doubled
            self._grown(appliance)
        session.last = instant
        return session

    def alive(
        self, appliance: Appliance, table: Table, number: bytes, instant: Instant | None
    ) -> Session | None:
        """Return the live session of ``number``, if it is not too old for a line."""
        if instant is None:
            return None
        if (ended := table.expire(number, instant.epoch)) is not None:
            self._emit.ended(ended, appliance)
        return table.session_of(number)

    def _grown(self, appliance: Appliance) -> None:
        """Note that a connection was added; expire and evict when it is time."""
        appliance.until_look -= 1
        if not appliance.until_look:
            appliance.until_look = appliance.look_every
            clock = appliance.clock
            for table in (appliance.inbound, appliance.outbound):
                for ended in table.sweep(clock.steady, clock.now):
                    self._emit.ended(ended, appliance)
        registry = self._registry
        registry.until_look -= 1
        if not registry.until_look:
            registry.until_look = registry.settings.look_every
            excess = registry.open_sessions() - registry.settings.cap
            if excess > 0:
                self._evict(excess)

    def _evict(self, excess: int) -> None:
        # The largest pays: a flood on one appliance costs the others nothing. Of equal
        # ones the first, and in a heap: a flood of names makes many small ones.
        heap = [
            (-appliance.open_sessions(), number, appliance)
            for number, appliance in enumerate(self._registry.appliances.values())
        ]
        heapify(heap)
        while excess > 0:
            _, number, appliance = heap[0]
            table = max(appliance.inbound, appliance.outbound, key=len)
            before = len(table)
            for ended in table.evict(excess, appliance.clock.now):
                self._emit.ended(ended, appliance)
            excess -= before - len(table)
            heapreplace(heap, (-appliance.open_sessions(), number, appliance))

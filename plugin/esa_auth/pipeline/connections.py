"""What lines tell of connections: one opens, how it was admitted, AUTH, the end.

Until its first AUTH line, the lines of a connection are kept as bytes that nobody has
read; see `sessions.Table`.
"""

from operator import itemgetter
from typing import Generic, TypeVar

from esa_auth import grammar
from esa_auth.model.facts import Instant, Side
from esa_auth.model.session import Session
from esa_auth.pipeline.appliance import Appliance, Line
from esa_auth.pipeline.emitter import Emitter, source_of
from esa_auth.pipeline.population import Population
from esa_auth.sessions import MAX_KEPT

Out = TypeVar("Out")

_MOST_DIGITS = 12


class Connections(Generic[Out]):
    """Changes the tables of an appliance as its lines say."""

    def __init__(self, emitter: Emitter[Out], population: Population[Out]) -> None:
        self._emit = emitter
        self._count = emitter.counters
        self._population = population
        self._openings = grammar.GRAMMAR.openings()

    def opened(self, line: Line) -> bool:
        """Begin a connection with ``line``; return whether it is one that opens one."""
        found = ((side, o.match(line.raw, line.at)) for side, o in self._openings)
        side, match = next(filter(itemgetter(1), found), (None, None))
        if side is None or match is None:
            return False
        number = match[1]
        if not is_connection(number) or line.instant is None:
            return True
        appliance = line.appliance
        self._count.context += 1
        table, series = appliance.table(side), appliance.series
        at = int(appliance.second)
        if side == "icid" and number[:-3] != series.thousand:
            series.opened(number, at)
        body = line.raw[line.at :]
        if len(body) > MAX_KEPT:
            # It opens a session all the same, of which it says nothing.
            body = match[0].rstrip()
        if number in table.kept or number in table.live:
            replaced = table.reopen(number, at, body, series.jumped)
            if replaced is not None:
                self._emit.abandoned(replaced, appliance, "session_replaced")
        else:
            table.kept[number] = appliance.second + body
        self._population.grown(appliance)
        return True

    def describe(self, side: Side, number: bytes, line: Line) -> None:
        """Take a line on how a connection was admitted."""
        if line.instant is not None and is_connection(number):
            self._count.context += 1
            self.add(side, number, line, line.raw[line.at :])

    def add(self, side: Side, number: bytes, line: Line, body: bytes) -> None:
        """Keep ``body`` as a line of a connection, which may have begun before."""
        appliance, instant = line.appliance, line.instant
        if instant is None:
            # What only looks like a native line may be another appliance's.
            return
        table = appliance.table(side)
        session = self._population.alive(appliance, table, number, instant)
        if session is not None:
            session.last = instant
        table.drop_stale(number, instant.epoch)
        known = session is not None or number in table.kept
        table.add(number, instant.epoch, body)
        if not known:
            self._population.grown(appliance)

    def close(self, side: Side, number: bytes, line: Line) -> None:
        """End a connection."""
        appliance, instant = line.appliance, line.instant
        if instant is None or not is_connection(number):
            return
        table = appliance.table(side)
        session = self._population.alive(appliance, table, number, instant)
        table.close(number)
        if session is None:
            self._count.context += 1
            return
        appliance.messages.ended(session)
        line = line.trimmed()
        source = source_of(line, instant, line.body.rstrip())
        self._emit.closed(session, source, appliance)

    def session(
        self, appliance: Appliance, side: Side, number: str | None, instant: Instant
    ) -> Session | None:
        """Return the session that an AUTH line of ``instant`` is of, begun if need be.

        None: the line is of no connection.
        """
        if number is None or not number.strip("0"):
            return None
        table, key = appliance.table(side), number.encode()
        session = self._population.alive(appliance, table, key, instant)
        if session is None:
            session = table.session(key, instant)
            if appliance.series.doubled:
                session.conflict = True
            self._population.grown(appliance)
        session.last = instant
        return session


def is_connection(number: bytes) -> bool:
    """Return whether a line with this number tells of a connection.

    ICID 0 is none: TCPREFUSE, and messages the system makes itself. Of a longer number
    than the grammar reads nothing is kept.
    """
    return number.isdigit() and number != b"0" and len(number) <= _MOST_DIGITS

"""Handlers of the lines that open, describe and close a connection."""

from collections.abc import Callable
from typing import Generic, TypeVar

from esa_auth import grammar
from esa_auth.facts import Envelope, SessionClosed, Tls, Unread
from esa_auth.pipeline.appliance import Appliance, Line
from esa_auth.pipeline.emitter import Emitter, source_of
from esa_auth.pipeline.population import Population
from esa_auth.sessions import Table

Out = TypeVar("Out")

# A message's line, and AUTH in a wording that is not known.
_NO_CONTEXT = frozenset((b"MID ", b"SMTP", b"SASL", b"AUTH"))
_ICID_CONTEXT = frozenset((b"Dela", b"disc", b"Conn", b"lost"))


class Connections(Generic[Out]):
    """``New``, ``ICID n ...`` and ``DCID n ...``."""

    def __init__(
        self,
        emitter: Emitter[Out],
        population: Population[Out],
        auth_family: Callable[[Line], None],
    ) -> None:
        self._emit = emitter
        self._count = emitter.counters
        self._population = population
        self._auth_family = auth_family

    def new(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """Begin a session with the line as it is; it is read when AUTH asks."""
        words = raw[at:].split(b" ", 4)
        instant = appliance.instant(raw, prefix)
        if len(words) < 5 or instant is None:
            return
        side, number = words[2], words[3]
        if side == b"ICID":
            table = appliance.inbound
        elif side == b"DCID":
            table = appliance.outbound
        else:
            return
        if number == b"0" or not number.isdigit():
            return
        self._count.context += 1
        replaced = table.open(number, instant.epoch, raw[at:])
        if replaced is not None:
            self._emit.abandoned(replaced, appliance, "session_replaced")
        self._population.grown(appliance)

    def icid(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """HAT, TLS, loss, close of an inbound connection."""
        number, _, tail = raw[at + 5 :].partition(b" ")
        # ICID 0 is no connection: TCPREFUSE, and messages the system makes itself.
        if number == b"0" or not number.isdigit():
            return
        word = tail[:4]
        if word == b"clos":
            if tail.rstrip() == b"close":
                self._close(appliance, raw, at, prefix, number)
        elif (word.isupper() and word not in _NO_CONTEXT) or word in _ICID_CONTEXT:
            table = appliance.inbound
            if number in table.kept:
                self._count.context += 1
                table.add(number, 0, raw[at:])
            else:
                self._context(table, number, Line(appliance, raw, at, prefix))
        else:
            self._perhaps_auth(Line(appliance, raw, at, prefix))

    def dcid(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """AUTH, TLS, close of an outbound connection."""
        if raw[at + 4 : at + 5] == b":":
            # Of all DCID lines only the AUTH result has the colon.
            self._auth_family(Line(appliance, raw, at, prefix))
            return
        number, _, tail = raw[at + 5 :].partition(b" ")
        if number == b"0" or not number.isdigit():
            return
        if tail.rstrip() == b"close":
            table = appliance.outbound
            if number in table.live:
                self._close_live(table, number, Line(appliance, raw, at, prefix))
            else:
                self._count.context += 1
                table.kept.pop(number, None)
        elif tail[:4] == b"TLS ":
            table = appliance.outbound
            if number in table.kept:
                self._count.context += 1
                table.add(number, 0, raw[at:])
            else:
                self._context(table, number, Line(appliance, raw, at, prefix))
        else:
            self._perhaps_auth(Line(appliance, raw, at, prefix))

    def killed(self, fact: SessionClosed, line: Line) -> None:
        """``SMTP server connection killed``: a close in other words."""
        inbound = fact.side == "icid"
        table = line.appliance.inbound if inbound else line.appliance.outbound
        self._close_live(table, fact.number.encode(), line)

    def _close(
        self,
        appliance: Appliance,
        raw: bytes,
        at: int,
        prefix: Envelope | None,
        number: bytes,
    ) -> None:
        table = appliance.inbound
        if number in table.live:
            self._close_live(table, number, Line(appliance, raw, at, prefix))
        else:
            self._count.context += 1
            table.kept.pop(number, None)

    def _close_live(self, table: Table, number: bytes, line: Line) -> None:
        appliance, instant = line.appliance, line.instant
        if instant is None:
            return
        session = self._population.alive(appliance, table, number, instant)
        table.close(number)
        if session is None:
            self._count.context += 1
            return
        appliance.messages.ended(session)
        self._emit.closed(session, source_of(line, instant), appliance)

    def _context(self, table: Table, number: bytes, line: Line) -> None:
        instant = line.instant
        if instant is None:
            return
        self._count.context += 1
        session = self._population.alive(line.appliance, table, number, instant)
        if session is not None:
            session.last = instant
        known = session is not None or number in table.kept
        table.add(number, instant.epoch, line.raw[line.at :])
        if not known:
            self._population.grown(line.appliance)

    def _perhaps_auth(self, line: Line) -> None:
        """A session line of no known word: AUTH in a new wording, TLS, or nothing."""
        fact = grammar.read(line.body)
        if isinstance(fact, Tls):
            side = line.appliance.inbound if fact.side == "icid" else None
            table = side or line.appliance.outbound
            self._context(table, fact.number.encode(), line)
        elif not isinstance(fact, Unread) or fact.auth_like:
            self._auth_family(line)

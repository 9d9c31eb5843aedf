"""Handlers of the lines that open, describe and close a connection."""

from collections.abc import Callable
from typing import Generic, TypeVar

from esa_auth import grammar
from esa_auth.facts import Envelope, SessionClosed, Tls, Unread
from esa_auth.pipeline.appliance import Appliance, Line
from esa_auth.pipeline.emitter import Emitter, source_of
from esa_auth.pipeline.population import Population
from esa_auth.sessions import MAX_KEPT, Table

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
        words = raw[at : at + 40].split(b" ", 4)
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
        if not _is_session(number):
            return
        self._count.context += 1
        if number in table.kept or number in table.live:
            replaced = table.reopen(number, instant.epoch, raw[at:])
            if replaced is not None:
                self._emit.abandoned(replaced, appliance, "session_replaced")
        else:
            table.kept[number] = appliance.second + raw[at:]
        self._population.grown(appliance)

    def icid(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """HAT, TLS, loss, close of an inbound connection."""
        end = raw.find(b" ", at + 5)
        number, word = raw[at + 5 : end], raw[end + 1 : end + 5]
        table = appliance.inbound
        if word == b"clos" and raw[end + 1 :].rstrip() == b"close":
            self._close(table, number, Line(appliance, raw, at, prefix))
        elif word in _ICID_CONTEXT or (word.isupper() and word not in _NO_CONTEXT):
            self._describe(table, number, Line(appliance, raw, at, prefix))
        else:
            self._perhaps_auth(Line(appliance, raw, at, prefix))

    def dcid(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        """AUTH, TLS, close of an outbound connection."""
        line = Line(appliance, raw, at, prefix)
        if raw[at + 4 : at + 5] == b":":
            # Of all DCID lines only the AUTH result has the colon.
            self._auth_family(line)
            return
        end = raw.find(b" ", at + 5)
        number, word = raw[at + 5 : end], raw[end + 1 : end + 5]
        if word == b"clos" and raw[end + 1 :].rstrip() == b"close":
            self._close(appliance.outbound, number, line)
        elif word == b"TLS ":
            self._describe(appliance.outbound, number, line)
        else:
            self._perhaps_auth(line)

    def killed(self, fact: SessionClosed, line: Line) -> None:
        """``SMTP server connection killed``: a close in other words."""
        inbound = fact.side == "icid"
        table = line.appliance.inbound if inbound else line.appliance.outbound
        self._close_live(table, fact.number.encode(), line)

    def _close(self, table: Table, number: bytes, line: Line) -> None:
        if number in table.live:
            self._close_live(table, number, line)
        elif line.instant is None:
            return
        elif table.kept.pop(number, None) is not None or _is_session(number):
            self._count.context += 1

    def _describe(self, table: Table, number: bytes, line: Line) -> None:
        if line.instant is None:
            # What only looks like a native line may be another appliance's.
            return
        kept = table.kept.get(number)
        if kept is None:
            if _is_session(number):
                self._context(table, number, line)
            return
        self._count.context += 1
        if len(kept) < MAX_KEPT:
            table.kept[number] = kept + b"\n" + line.raw[line.at :]

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


def _is_session(number: bytes) -> bool:
    """ICID 0 is no connection: TCPREFUSE, and messages the system makes itself."""
    return number.isdigit() and number != b"0"

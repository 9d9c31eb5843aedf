"""Handlers of the lines that open, describe and close a connection."""

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from esa_auth import grammar
from esa_auth.envelope import end_of
from esa_auth.model.facts import (
    Envelope,
    HatDecision,
    InboundAddress,
    SessionClosed,
    Side,
    Tls,
    Unread,
)
from esa_auth.pipeline.appliance import Appliance, Line
from esa_auth.pipeline.emitter import Emitter, source_of
from esa_auth.pipeline.population import Population
from esa_auth.sessions import MAX_KEPT, Table

Out = TypeVar("Out")
Handler: TypeAlias = Callable[[Appliance, bytes, int, Envelope | None], None]

# A message's line, and AUTH in a wording that is not known.
_NO_CONTEXT = frozenset((b"MID ", b"SMTP", b"SASL", b"AUTH"))
_MOST_DIGITS = 12
_ICID_CONTEXT = frozenset((b"Dela", b"disc", b"Conn", b"lost"))
# What nearly all lines of a connection say, by nine bytes. Behind other words of such
# lines AUTH may stand, in a wording that is not known.
_INBOUND_ONLY = frozenset((b"ACCEPT SG", b"RELAY SG ", b"REJECT SG"))
_OFTEN = _INBOUND_ONLY | {b"TLS succe"}
# Made once: `A | B` in a condition is made at each call of it.
_CONTEXT = (HatDecision, InboundAddress, Tls)
# A line on TLS that no rule understands.
_SOME_TLS = b"%b %b TLS"


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
        end = raw.find(b" ", at + 14)
        number, table = raw[at + 14 : end], appliance.tables.get(raw[at : at + 14])
        if table is None:
            number, table = _other_protocol(appliance, raw[at : at + 40])
        if table is None or end < 0 or not number.isdigit() or number == b"0":
            return
        if len(number) > _MOST_DIGITS:
            return
        head = raw[:24] if prefix is None else prefix
        if head != appliance.head and appliance.instant(raw, prefix) is None:
            return
        self._count.context += 1
        series = appliance.series
        if number[:-3] != series.thousand and table is appliance.inbound:
            series.opened(number, int(appliance.second))
        body = raw[at:]
        if len(body) > MAX_KEPT:
            # It opens a session all the same, of which it says nothing.
            body = raw[at : at + 14] + number
        if number in table.kept or number in table.live:
            replaced = table.reopen(number, int(appliance.second), body, series.jumped)
            if replaced is not None:
                self._emit.abandoned(replaced, appliance, "session_replaced")
        else:
            table.kept[number] = appliance.second + body
        self._population.grown(appliance)

    def of_side(self, side: Side) -> Handler:
        """Return what takes HAT, TLS, loss and close of the connections of a side."""
        inbound = side == "icid"
        often = _OFTEN if inbound else _OFTEN - _INBOUND_ONLY
        count, other = self._count, self._inbound if inbound else self._outbound

        def line(
            appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
        ) -> None:
            end = raw.find(b" ", at + 5)
            number, said = raw[at + 5 : end], raw[end + 1 : end + 10]
            table = appliance.inbound if inbound else appliance.outbound
            kept = table.kept.get(number)
            closes = said not in often and (
                said == b"close"
                or (said[:5] == b"close" and _says_close(raw[end + 1 :]))
            )
            if kept is None or not (closes or said in often):
                other(number, raw[end + 1 :], Line(appliance, raw, at, prefix))
                return
            head = raw[:24] if prefix is None else prefix
            if head != appliance.head and appliance.instant(raw, prefix) is None:
                # What only looks like a native line may be another appliance's.
                return
            if closes:
                del table.kept[number]
            elif not kept.startswith(appliance.lately) and table.drop_stale(
                number, int(appliance.second)
            ):
                other(number, raw[end + 1 :], Line(appliance, raw, at, prefix))
                return
            elif len(kept) + len(raw) <= MAX_KEPT:
                table.kept[number] = kept + b"\n" + raw[at:]
            else:
                table.left_out(number, 0, raw[at:])
            count.context += 1

        return line

    def _inbound(self, number: bytes, rest: bytes, line: Line) -> None:
        word, table = rest[:4], line.appliance.inbound
        if word == b"clos" and _says_close(rest):
            self._close(table, number, line)
        elif rest[:9] in _OFTEN:
            self._describe(table, number, line)
        elif word in _ICID_CONTEXT or (word.isupper() and word not in _NO_CONTEXT):
            self._describe_or_auth(table, number, line)
        else:
            self._perhaps_auth(table, number, line)

    def _outbound(self, number: bytes, rest: bytes, line: Line) -> None:
        if line.raw[line.at + 4 : line.at + 5] == b":":
            # Of all DCID lines only the AUTH result has the colon.
            self._auth_family(line)
            return
        table = line.appliance.outbound
        if _says_close(rest):
            self._close(table, number, line)
        elif rest.startswith(b"TLS "):
            self._describe_or_auth(table, number, line)
        else:
            self._perhaps_auth(table, number, line)

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
        instant = line.instant
        if instant is None:
            # What only looks like a native line may be another appliance's.
            return
        kept = table.kept.get(number)
        if kept is None or table.drop_stale(number, instant.epoch):
            if _is_session(number):
                self._context(table, number, line)
            return
        self._count.context += 1
        if len(kept) + len(line.raw) <= MAX_KEPT:
            table.kept[number] = kept + b"\n" + line.raw[line.at :]
        else:
            table.left_out(number, 0, line.raw[line.at :])

    def _describe_or_auth(self, table: Table, number: bytes, line: Line) -> None:
        if grammar.auth_like(line.body) and isinstance(grammar.read(line.body), Unread):
            self._unread_auth(table, number, line)
        else:
            self._describe(table, number, line)

    def _unread_auth(self, table: Table, number: bytes, line: Line) -> None:
        """Keep AUTH in a wording that is not known; it may say something of TLS."""
        body = line.raw[line.at :]
        if b"TLS" in body.upper() or b"SSL" in body.upper():
            counted = self._count.context
            some = line.raw[: line.at] + _SOME_TLS % (body[:4], number)
            self._describe(table, number, line._replace(raw=some))
            self._count.context = counted
        self._auth_family(line)

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
        line = line.trimmed()
        self._emit.closed(
            session, source_of(line, instant, line.body.rstrip()), appliance
        )

    def _context(self, table: Table, number: bytes, line: Line) -> None:
        instant = line.instant
        if instant is None:
            return
        self._count.context += 1
        session = self._population.alive(line.appliance, table, number, instant)
        if session is not None:
            session.last = instant
        table.drop_stale(number, instant.epoch)
        known = session is not None or number in table.kept
        table.add(number, instant.epoch, line.raw[line.at :])
        if not known:
            self._population.grown(line.appliance)

    def _perhaps_auth(self, table: Table, number: bytes, line: Line) -> None:
        """Read a session line of another word: context, new AUTH, or nothing."""
        fact = grammar.read(line.body)
        if isinstance(fact, _CONTEXT):
            self._describe(table, number, line)
        elif isinstance(fact, Unread) and fact.auth_like:
            self._unread_auth(table, number, line)
        elif not isinstance(fact, Unread):
            self._auth_family(line)


def _says_close(rest: bytes) -> bool:
    return rest[: end_of(rest)].rstrip() == b"close"


def _is_session(number: bytes) -> bool:
    """ICID 0 is no connection: TCPREFUSE, and messages the system makes itself.

    Of a longer number than the grammar reads nothing is kept.
    """
    return number.isdigit() and number != b"0" and len(number) <= _MOST_DIGITS


def _other_protocol(appliance: Appliance, body: bytes) -> tuple[bytes, Table | None]:
    """Return number and table of ``New QMTP ICID n ...`` and the like."""
    words = body.split(b" ", 4)
    if len(words) < 5:
        return b"", None
    return words[3], appliance.tables.get(b"New SMTP %b " % words[2])

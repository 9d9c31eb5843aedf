"""Handlers of the lines that open, describe and close a connection."""

from collections.abc import Callable
from typing import TypeAlias

from esa_auth import grammar
from esa_auth.envelope import end_of
from esa_auth.model.facts import (
    HatDecision,
    InboundAddress,
    Instant,
    SessionClosed,
    Side,
    Tls,
    Unread,
)
from esa_auth.pipeline.appliance import Appliance, Line
from esa_auth.pipeline.emitter import Emitter, source_of
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.sessions import Table
from esa_auth.sessions.kept import MAX_KEPT

Handler: TypeAlias = Callable[[Line], None]

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


class Connections:
    """``New``, ``ICID n ...`` and ``DCID n ...``."""

    def __init__(
        self,
        emitter: Emitter,
        registry: ApplianceRegistry,
        advance: Callable[[Line], Instant | None],
        auth_family: Handler,
    ) -> None:
        self._emit = emitter
        self._count = emitter.counters
        self._registry = registry
        self._advance = advance
        self._auth_family = auth_family

    def new(self, line: Line) -> None:
        """Begin a session with the line as it is; it is read when AUTH asks."""
        appliance, raw, at = line.appliance, line.raw, line.envelope.body_at
        end = raw.find(b" ", at + 14)
        number, table = raw[at + 14 : end], appliance.tables.get(raw[at : at + 14])
        if table is None:
            number, table = _other_protocol(appliance, raw[at : at + 40])
        if table is None or end < 0 or not number.isdigit() or number == b"0":
            return
        if len(number) > _MOST_DIGITS:
            return
        instant = self._advance(line)
        if instant is None:
            return
        self._count.context += 1
        series = appliance.series
        if number[:-3] != series.thousand and table is appliance.inbound:
            series.opened(number, instant.epoch)
        body = raw[at:]
        if len(body) > MAX_KEPT:
            # It opens a session all the same, of which it says nothing.
            body = raw[at : at + 14] + number
        ended = table.opened(number, instant.epoch, body, series.jumped)
        if ended is not None:
            self._emit.ended(ended, appliance)
        self._registry.grown(appliance)

    def of_side(self, side: Side) -> Handler:
        """Return what takes HAT, TLS, loss and close of the connections of a side."""
        inbound = side == "icid"
        often = _OFTEN if inbound else _OFTEN - _INBOUND_ONLY
        count, other = self._count, self._inbound if inbound else self._outbound

        def handle(line: Line) -> None:
            appliance, raw, at = line.appliance, line.raw, line.envelope.body_at
            end = raw.find(b" ", at + 5)
            number, said = raw[at + 5 : end], raw[end + 1 : end + 10]
            table = appliance.inbound if inbound else appliance.outbound
            kept = number in table.kept
            closes = said not in often and (
                said == b"close"
                or (said[:5] == b"close" and _says_close(raw[end + 1 :]))
            )
            if not kept or not (closes or said in often):
                other(number, raw[end + 1 :], line)
                return
            instant = self._advance(line)
            if instant is None:
                # What only looks like a native line may be another appliance's.
                return
            count.context += 1
            if closes:
                table.closed(number, instant.epoch)
            else:
                self._described(appliance, table, number, instant, raw[at:])

        return handle

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
        if line.raw[line.envelope.body_at + 4 :][:1] == b":":
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
            return
        instant = self._advance(line)
        if instant is not None and _is_session(number):
            self._count.context += 1
            table.closed(number, instant.epoch)

    def _describe(self, table: Table, number: bytes, line: Line) -> None:
        instant = self._advance(line)
        # What only looks like a native line may be another appliance's.
        if instant is not None and _is_session(number):
            self._count.context += 1
            body = line.raw[line.envelope.body_at :]
            self._described(line.appliance, table, number, instant, body)

    def _described(
        self,
        appliance: Appliance,
        table: Table,
        number: bytes,
        instant: Instant,
        body: bytes,
    ) -> None:
        self._registry.alive(appliance, table, number, instant)
        if table.described(number, instant, body):
            self._registry.grown(appliance)

    def _describe_or_auth(self, table: Table, number: bytes, line: Line) -> None:
        if grammar.auth_like(line.body) and isinstance(grammar.read(line.body), Unread):
            self._unread_auth(table, number, line)
        else:
            self._describe(table, number, line)

    def _unread_auth(self, table: Table, number: bytes, line: Line) -> None:
        """Keep AUTH in a wording that is not known; it may say something of TLS."""
        body = line.raw[line.envelope.body_at :]
        if b"TLS" in body.upper() or b"SSL" in body.upper():
            counted = self._count.context
            some = line.raw[: line.envelope.body_at] + _SOME_TLS % (body[:4], number)
            self._describe(table, number, line._replace(raw=some))
            self._count.context = counted
        self._auth_family(line)

    def _close_live(self, table: Table, number: bytes, line: Line) -> None:
        appliance, instant = line.appliance, self._advance(line)
        if instant is None:
            return
        session = self._registry.alive(appliance, table, number, instant)
        table.closed(number, instant.epoch)
        if session is None:
            self._count.context += 1
            return
        appliance.messages.ended(session)
        line = line.trimmed()
        self._emit.closed(
            session, source_of(line, instant, line.body.rstrip()), appliance
        )

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

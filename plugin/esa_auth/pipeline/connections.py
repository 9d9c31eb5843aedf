"""What lines tell of connections: one opens, how it was admitted, AUTH, the end.

Until its first AUTH line, the lines of a connection are kept as bytes that nobody has
read; see `sessions.Table`. How many are open is bounded here, over all appliances.
Other lines are read by the grammar; what makes an event is joined here.
"""

import re
from collections.abc import Callable
from heapq import heapify, heapreplace

from esa_auth import grammar
from esa_auth.envelope import CHANGED_ENDS
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    Fact,
    InboundResult,
    Instant,
    OutboundResult,
    Side,
)
from esa_auth.model.session import Source
from esa_auth.pipeline.appliance import Appliance
from esa_auth.pipeline.emitter import Emitter, Told
from esa_auth.pipeline.line import CUTS, Line
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.sessions import State
from esa_auth.sessions.table import MAX_KEPT

# ICID 0: TCPREFUSE, and messages that the system makes itself.
NO_CONNECTION = b"0"
_ADMIN = (AdminLogin, AdminLogout)
_EVENTS = (InboundResult, OutboundResult, AuthNotice, *_ADMIN)


class Connections:
    """Changes the tables of an appliance as its lines say."""

    def __init__(
        self,
        emitter: Emitter,
        registry: ApplianceRegistry,
        advance: Callable[[Line], Instant | None],
        act: Callable[[Fact, Line], None],
    ) -> None:
        """``advance`` is the step in which a line moves the time of its appliance.

        ``act`` takes what a line says that makes no event.
        """
        self._emit = emitter
        self._count = emitter.counters
        self._registry = registry
        self._max_line = registry.settings.max_line
        self._advance, self._act = advance, act
        self._openings = grammar.GRAMMAR.openings
        self._at_sight = grammar.GRAMMAR.at_sight

    def read(self, line: Line) -> None:
        """Read a line with the grammar, and do what it asks for."""
        if line.raw.endswith(CHANGED_ENDS):
            line = line.trimmed()
        raw = line.raw[line.envelope.body_at :]
        body = raw.decode("utf-8", "backslashreplace").rstrip()
        reading = grammar.GRAMMAR.reading(body)
        if reading is not None:
            if isinstance(reading.fact, _EVENTS):
                self._event(reading.fact, line, body)
            else:
                self._act(reading.fact, line)
        elif grammar.GRAMMAR.looks_like_auth(body):
            self._note_tls(line, body)
            self.reject(line, "unread", "looks like AUTH, and no rule reads it")

    def reject(self, line: Line, why: str, reason: str) -> None:
        """Reject a line that looks like an event, and cannot be read as one."""
        line = line.trimmed()
        self._emit.reject_line(line, self._advance(line), why, reason)

    def opening(self, line: Line) -> None:
        """Take a line that begins as one that opens a connection."""
        raw, at = line.raw, line.envelope.body_at
        for side, opening in self._openings:
            if match := opening.match(raw, at):
                self._begin(side, match, line)
                return
        self.read(line)

    def line_of(self, side: Side, line: Line) -> None:
        """Take a line that begins with the number of a connection."""
        match = self._at_sight[side].match(line.raw, line.envelope.body_at)
        if match is None:
            self.read(line)
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
        raw = line.raw[line.envelope.body_at :]
        body = raw.decode("utf-8", "backslashreplace").rstrip()
        source = _source(line, instant, body)
        self._emit.closed(ended.session, source, appliance)

    def _event(self, fact: Told, line: Line, body: str) -> None:
        """Make the event of a line: of AUTH joined with its session, or of a login."""
        instant, longest = self._advance(line), self._max_line
        if len(line.raw) > longest:
            self.reject(line, "too_long", f"longer than {longest} bytes, cut")
            return
        if instant is None:
            self.reject(line, "no_time", "no readable time stamp")
            return
        appliance, session = line.appliance, None
        side: Side = "icid"
        # A name that holds what stands around one may be another one in a longer line.
        number, user, around = None, None, grammar.GRAMMAR.delimiters["auth"]
        if isinstance(fact, OutboundResult):
            side, number = "dcid", fact.dcid
        elif isinstance(fact, _ADMIN):
            user, around = fact.user, grammar.GRAMMAR.delimiters["login"]
        else:
            number, user = fact.icid, fact.user
        if number is not None and number.strip("0"):
            table, key = appliance.tables[side], number.encode()
            if (ended := table.expire(key, instant.epoch)) is not None:
                self._emit.ended(ended, appliance)
            session = table.authenticated(key, instant)
            if session.last is None:
                session.conflict = session.conflict or appliance.series.doubled
                self._grown(appliance)
            session.last = instant
        ambiguous = user and around.search(f" {user}")
        source = _source(line, instant, body, ("ambiguous_user",) if ambiguous else ())
        self._emit.event(fact, session, source, appliance)

    def _note_tls(self, line: Line, body: str) -> None:
        """Keep what AUTH in an unknown wording may say of its connection's TLS."""
        if (some := grammar.unknown_tls(body)) is not None:
            side, number, note = some
            instant = self._advance(line) if number != NO_CONNECTION else None
            if instant is not None:
                self.add(line.appliance, side, number, instant, note)

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


def _source(
    line: Line, instant: Instant, body: str, doubts: tuple[str, ...] = ()
) -> Source:
    """Count a line for its id, and return it as the source of the event that it says.

    ``body`` is its text without what stands behind it, ``doubts`` are flags for it.
    """
    by, envelope = line.appliance, line.envelope
    raw = envelope.repeated or line.raw
    flags = () if raw.isascii() or _is_utf8(raw) else ("not_utf8",)
    if len(raw) in CUTS:
        flags = (*flags, "possibly_cut")
    if envelope.repeated is not None:
        flags = (*flags, "repeated_message")
    stamp = envelope.stamp
    outside = stamp is None or stamp.encode() not in raw[:512]
    told = instant.iso if outside else ""
    return Source(
        raw,
        body,
        instant,
        by.observer,
        by.identity.of_line(raw, instant.epoch, told),
        envelope.level,
        envelope.program,
        envelope.priority,
        envelope.host,
        flags + doubts,
        stamp if outside else None,
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

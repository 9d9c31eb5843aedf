"""What each leading word asks for; most lines end at the first look-up."""

from collections.abc import Callable

from esa_auth import grammar
from esa_auth.envelope import CHANGED_ENDS
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    InboundResult,
    Instant,
    LogOffset,
    LogVersion,
    OutboundResult,
    SessionClosed,
    Unread,
)
from esa_auth.model.session import Session
from esa_auth.pipeline.appliance import Appliance, Line
from esa_auth.pipeline.connections import Connections, Handler
from esa_auth.pipeline.emitter import Emitter, source_of
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.pipeline.traffic import Traffic
from esa_auth.sessions import Table

# First letters of the lines that are never passed over. A wording that no rule has may
# be in small letters or in capitals.
_LEADS = frozenset(f"{lead} "[:4] for lead in grammar.LEADS)
_NEW_WORDINGS = frozenset(
    form(f"{word}{behind}"[:4])
    for words, ends in ((grammar.AUTH_WORDS, ("",)), (grammar.LOGIN_WORDS, (" ", ":")))
    for word in words
    for behind in ends
    for form in (str.lower, str.upper, str.capitalize)
)
# Made once: `A | B` in a condition is made at each call of it.
_JOINED = (InboundResult, OutboundResult, AuthNotice)


class Reader:
    """Handlers by leading word; each reads a line, moves the time, and joins.

    A line that matters to nobody moves no time: it is read first.
    """

    def __init__(
        self,
        emitter: Emitter,
        registry: ApplianceRegistry,
        advance: Callable[[Line], Instant | None],
    ) -> None:
        """``advance`` is the step in which a line moves the time of its appliance."""
        self._emit = emitter
        self._count = emitter.counters
        self._registry = registry
        self._advance = advance
        self._max_line = registry.settings.max_line
        self._connections = Connections(emitter, registry, advance, self._family)
        self._traffic = Traffic(emitter, registry, advance)

    def handlers_by_lead(self) -> dict[bytes, Handler]:
        """Return the handler of each body that is not ignored, by its four bytes."""
        connections, traffic = self._connections, self._traffic
        return {
            **{word.encode(): self._family for word in _LEADS | _NEW_WORDINGS},
            # Lines of a connection or a message go their own way, whatever the rules.
            b"New ": connections.new,
            b"ICID": connections.of_side("icid"),
            b"DCID": connections.of_side("dcid"),
            b"MID ": traffic.mid,
            b"Star": traffic.message,
            b"Mess": traffic.message_end,
            b"Deli": traffic.delivery,
            b"Boun": traffic.delivery,
            b"Dela": traffic.delivery,
            b"Conn": traffic.delivery,
            b"Begi": self._header,
            b"Vers": self._header,
            b"Time": self._header,
        }

    def _header(self, line: Line) -> None:
        fact = grammar.read(line.body)
        if isinstance(fact, Unread) or self._advance(line) is None:
            return
        appliance = line.appliance
        self._count.context += 1
        if isinstance(fact, LogOffset):
            appliance.set_offset(fact.seconds)
        elif isinstance(fact, LogVersion):
            # What they were told by, they end by.
            for ended in appliance.leave(fact.serial):
                self._emit.ended(ended, appliance)
            appliance.set_version(fact.version, fact.serial)

    def _family(self, line: Line) -> None:
        """Read a line of the AUTH family: an event, or refused and kept."""
        if line.raw.endswith(CHANGED_ENDS):
            line = line.trimmed()
        body = line.body.rstrip()
        fact = grammar.read(body)
        if isinstance(fact, _JOINED):
            self._join(fact, line, body)
        elif isinstance(fact, SessionClosed):
            self._connections.killed(fact, line)
        elif isinstance(fact, Unread):
            if fact.auth_like:
                reason = "looks like AUTH, and no rule reads it"
                self._emit.reject_line(line, self._advance(line), "unread", reason)
        elif isinstance(fact, AdminLogin | AdminLogout):
            instant = self._sound(line)
            if instant is not None:
                source = source_of(line, instant, body)
                self._emit.event(fact, None, source, line.appliance)

    def _sound(self, line: Line) -> Instant | None:
        """Return when a line was written, or reject it if it is cut or has no time."""
        instant = self._advance(line)
        if len(line.raw) > self._max_line:
            reason = f"longer than {self._max_line} bytes, cut"
            self._emit.reject_line(line, instant, "too_long", reason)
            return None
        if instant is None:
            self._emit.reject_line(line, None, "no_time", "no readable time stamp")
        return instant

    def _join(
        self,
        fact: InboundResult | OutboundResult | AuthNotice,
        line: Line,
        body: str,
    ) -> None:
        instant = self._sound(line)
        if instant is None:
            return
        appliance = line.appliance
        session = None
        if isinstance(fact, OutboundResult):
            if fact.dcid.strip("0"):
                session = self._session(
                    appliance, appliance.outbound, fact.dcid, instant
                )
        elif fact.icid is not None and fact.icid.strip("0"):
            session = self._session(appliance, appliance.inbound, fact.icid, instant)
        source = source_of(line, instant, body)
        self._emit.event(fact, session, source, appliance)

    def _session(
        self, appliance: Appliance, table: Table, text: str, instant: Instant
    ) -> Session:
        number = text.encode()
        session = self._registry.alive(appliance, table, number, instant)
        if session is None:
            session = table.authenticated(number, instant)
            if appliance.series.doubled:
                session.conflict = True
            self._registry.grown(appliance)
        session.last = instant
        return session

    def reject(self, line: Line, why: str, reason: str) -> None:
        """Reject a line that looks like one of the families, and cannot be read."""
        line = line.trimmed()
        self._emit.reject_line(line, self._advance(line), why, reason)

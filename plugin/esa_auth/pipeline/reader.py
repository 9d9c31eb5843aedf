"""What each leading word asks for; most lines end at the first look-up."""

from typing import Generic

from esa_auth import grammar
from esa_auth.envelope import CHANGED_ENDS
from esa_auth.model.dead_letter import Letter
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    Envelope,
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
from esa_auth.pipeline.emitter import Emitter, Out, source_of
from esa_auth.pipeline.population import Population
from esa_auth.pipeline.recall import recall_line
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


class Reader(Generic[Out]):
    """Handlers by leading word; each gets the line and where its body begins."""

    def __init__(self, emitter: Emitter[Out], population: Population[Out]) -> None:
        self._emit = emitter
        self._count = emitter.counters
        self._population = population
        self.settings = population.settings
        self._max_line = population.settings.max_line
        self._connections = Connections(emitter, population, self._family)
        self._traffic = Traffic(emitter, population)

    def leads(self) -> dict[bytes, Handler]:
        """Return the handler of each body that is not ignored, by its four bytes."""
        connections, traffic = self._connections, self._traffic
        return {
            **{word.encode(): self._auth for word in _LEADS | _NEW_WORDINGS},
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

    def each_time(self, handle: Handler, line: Line, times: int) -> bool:
        """Read a line that came so often; return whether it is more than ignored.

        What opens, describes or closes a session does so once; and what is refused is
        refused as a whole, so that one letter reads it again.
        """
        if line.appliance.odd and times > 1:
            # What was put off before it is not to be counted with it.
            line.appliance.instant(line.raw, line.prefix)
        before = self._told()
        handle(*line)
        after = self._told()
        if after[0] == before[0] + 1 and after[1:] == before[1:]:
            for _ in range(times - 1):
                self._count.lines += 1
                handle(*line)
        return after != before

    def _told(self) -> tuple[int, int, int]:
        """Return what changes with a line that counts as more than ignored."""
        count = self._count
        # A line whose event is held is not counted as a line until that leaves.
        said = count.results + count.ancillary - count.lines
        return said, count.context, count.rejected

    def _header(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        line = Line(appliance, raw, at, prefix)
        fact = grammar.read(line.body)
        if isinstance(fact, Unread) or line.instant is None:
            return
        self._count.context += 1
        if isinstance(fact, LogOffset):
            appliance.set_offset(fact.seconds)
        elif isinstance(fact, LogVersion):
            # What they were told by, they end by.
            for session in appliance.leave(fact.serial):
                self._emit.abandoned(session, appliance, "session_replaced")
            appliance.set_version(fact.version, fact.serial)

    def _auth(
        self, appliance: Appliance, raw: bytes, at: int, prefix: Envelope | None
    ) -> None:
        self._family(Line(appliance, raw, at, prefix))

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
                self._refuse(line, "unread", "looks like AUTH, and no rule reads it")
        elif isinstance(fact, AdminLogin | AdminLogout):
            instant = self._sound(line)
            if instant is not None:
                self._emit.admin(fact, source_of(line, instant, body), line.appliance)

    def _sound(self, line: Line) -> Instant | None:
        """Return when a line was written, or refuse it if it is cut or has no time."""
        instant = line.appliance.instant(line.raw, line.prefix)
        if len(line.raw) > self._max_line:
            self._refuse(line, "too_long", f"longer than {self._max_line} bytes, cut")
            return None
        if instant is None:
            self._refuse(line, "no_time", "no readable time stamp")
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
        if isinstance(fact, AuthNotice):
            self._emit.notice(fact, session, source, appliance)
        else:
            self._emit.result(fact, session, source, appliance)

    def _session(
        self, appliance: Appliance, table: Table, text: str, instant: Instant
    ) -> Session:
        number = text.encode()
        session = self._population.alive(appliance, table, number, instant)
        if session is None:
            session = table.session(number, instant)
            if appliance.series.doubled:
                session.conflict = True
            self._population.grown(appliance)
        session.last = instant
        return session

    def refuse(self, line: Line, why: str, reason: str) -> None:
        """Keep a line that looks like one of the families, and cannot be read."""
        self._refuse(line.trimmed(), why, reason)

    def _refuse(self, line: Line, why: str, reason: str) -> None:
        letter = Letter(
            line.physical, why, (reason,), line.appliance.name, recall_line(line)
        )
        self._emit.reject(letter)

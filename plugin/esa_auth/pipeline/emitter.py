"""Facts and sessions -> events that are built, or dead letters."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from esa_auth import ecs, grammar
from esa_auth.envelope import Clock, read_prefix
from esa_auth.model.counters import Counters
from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from esa_auth.model.document import Document
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    InboundResult,
    Instant,
    OutboundResult,
)
from esa_auth.model.session import Session, Source
from esa_auth.pipeline.appliance import Appliance, Settings
from esa_auth.pipeline.hold import Hold, Tried
from esa_auth.pipeline.line import Line
from esa_auth.pipeline.waiting import Held, OfSession, Said, SessionEnd, SessionProgress
from esa_auth.pipeline.writer import Writer
from esa_auth.places import hidden, replaced
from esa_auth.sessions import END_FLAGS, Ended

# What a line of AUTH or of a login says.
Told: TypeAlias = InboundResult | OutboundResult | AuthNotice | AdminLogin | AdminLogout
_RESULTS = (InboundResult, OutboundResult)
_ADMIN = (AdminLogin, AdminLogout)
Kind: TypeAlias = Literal["results", "ancillary", "session_ends", "session_progress"]


class Made(NamedTuple):
    """A document that is not validated yet, and the counter that it counts in if valid.

    ``source`` is the line that says it, without names if these are covered.
    """

    document: Document
    kind: Kind
    source: Source
    appliance: Appliance


class Written(NamedTuple):
    """An event that is valid and written as JSON, and the counter that it counts in."""

    text: bytes
    kind: Kind


class Emitter:
    """Builds the event of a fact, at once or when it has waited; ``made`` is taken."""

    def __init__(self, settings: Settings, read_time: Callable[[], str]) -> None:
        self.counters = Counters()
        self.made: list[Made | Written] = []
        # Writes what it can at once, where events are wanted as JSON.
        self.writer: Writer | None = None
        self.dead: list[dict[str, Any]] = []
        self._read_time = read_time
        self.pseudonymizer = settings.pseudonymizer
        redact = self._redacted if self.pseudonymizer else None
        self._hold: Hold | None = None
        if settings.waits:
            self._hold = Hold(settings.wait, settings.redact_wait, redact)

    def event(
        self,
        fact: Told,
        session: Session | None,
        source: Source,
        appliance: Appliance,
    ) -> None:
        """Make the event of a line, or hold it; first the names are covered."""
        line = source
        if self.pseudonymizer or isinstance(fact, _ADMIN):
            covered = self._covered(fact, source)
            if covered is None:
                self._reject_uncovered(source, appliance)
                return
            fact, source = covered
        if session is not None and isinstance(fact, _RESULTS):
            if self.pseudonymizer and isinstance(fact, InboundResult):
                self.pseudonymizer.forget_mistyped(session, fact)
            session.fold_result(fact)
            session.first_event_id = session.first_event_id or source.event_id
        if self._hold is None or session is None or isinstance(fact, _ADMIN):
            self._make(fact, session, source, appliance)
            return
        self.counters.held += 1
        for held in self._hold.event(Held(fact, session, source), line, appliance):
            self._release(held, appliance)

    def progress(self, session: Session, source: Source, appliance: Appliance) -> None:
        """Make the report on a session that goes on; its line is counted already."""
        done = SessionProgress(session.summary, session.last_success)
        held = Held(done, session, source)
        ready = self._hold.progress(held, appliance) if self._hold else [held]
        for one in ready:
            self._release(one, appliance)

    def closed(self, session: Session, source: Source, appliance: Appliance) -> None:
        """Make the end of a session that a line closed."""
        self.counters.context += 1
        self._end(Held(SessionEnd(closed=True), session, source), appliance)

    def ended(self, ended: Ended, appliance: Appliance) -> None:
        """Make the end of a session whose close was not seen."""
        session, flags = ended.session, (END_FLAGS[ended.state],)
        appliance.messages.ended(session)
        event_id = appliance.identity.of_open_end(session.first_event_id)
        last = session.last or session.first
        source = Source(None, None, last, appliance.observer, event_id, flags=flags)
        self._end(Held(SessionEnd(closed=False), session, source), appliance)

    def release_due(self, appliance: Appliance) -> None:
        """Make the events that have waited long enough by the time of the log."""
        waiting, now = appliance.waiting, appliance.clock.now
        while held := waiting.take_due(now):
            self._release(held, appliance)

    def release_all(self, appliance: Appliance) -> None:
        """Make all events that wait."""
        for held in appliance.waiting.take_all():
            self._release(held, appliance)

    def reject(self, letter: DeadLetter) -> None:
        """Make a dead letter of a line that looks like AUTH and cannot be used."""
        self.counters.rejected += 1
        self._letter(letter)

    def reject_line(
        self, line: Line, instant: Instant | None, why: str, reason: str
    ) -> None:
        """Reject a line of ``instant``, which is counted like one with an event."""
        appliance, raw, stamp = line.appliance, line.physical, line.envelope.stamp
        ordinal = instant and appliance.identity.ordinal(raw, instant.epoch)
        time = stamp if stamp and stamp.encode() not in raw[:512] else None
        hints = appliance.hints(time, ordinal)
        self.reject(DeadLetter(raw, why, (reason,), appliance.name, hints))

    def reject_event(self, made: Made, reasons: tuple[str, ...]) -> None:
        """Make a dead letter of an event that the schema refuses, for ``reasons``."""
        source, appliance = made.source, made.appliance
        self.counters.invalid_events += 1
        if made.kind in ("session_ends", "session_progress"):
            hints = appliance.hints(None, None)._replace(session_end=True)
        else:
            self.counters.rejected += 1
            hints = _hints_of(source, appliance)
        raw, name = source.raw or b"", appliance.name
        self._letter(DeadLetter(raw, "invalid_event", reasons, name, hints))

    def _letter(self, letter: DeadLetter) -> None:
        self.counters.dead_letters += 1
        if self.pseudonymizer:
            letter = self.pseudonymizer.letter(letter, _own_text(letter.raw))
        self.dead.append(ecs.dead_letter(letter, self._read_time()))

    def _end(self, end: Held, appliance: Appliance) -> None:
        ends = [end] if end.session.attempts else []
        if self._hold:
            ends = self._hold.end(ends, end.session, appliance)
        for held in ends:
            self._release(held, appliance)

    def _release(self, held: Held, appliance: Appliance) -> None:
        fact, session, source = held.fact, held.session, held.source
        if isinstance(fact, OfSession):
            self._make_of_session(fact, session, source, appliance)
        else:
            self.counters.held -= 1
            self._make(fact, session, source, appliance)

    def _make(
        self, fact: Told, session: Session | None, source: Source, appliance: Appliance
    ) -> None:
        """Build the event of a line, as its session is known now."""
        sequence = 0
        if session is not None:
            session.sequence += 1
            sequence = session.sequence
            if (writer := self.writer) and isinstance(fact, _RESULTS):
                text = None
                if writer.to_build:
                    writer.to_build -= 1
                elif isinstance(fact, InboundResult):
                    text = writer.result(fact, session, source, sequence)
                if text is not None:
                    self.made.append(Written(text, "results"))
                    return
        kind: Kind = "results"
        if isinstance(fact, AuthNotice):
            kind = "ancillary"
            document = ecs.notice_event(fact, session, source, sequence)
        elif isinstance(fact, _ADMIN):
            kind = "results" if isinstance(fact, AdminLogin) else "ancillary"
            document = ecs.admin_event(fact, source)
        else:
            document = ecs.result_event(fact, session, source, sequence)
        self.made.append(Made(document, kind, source, appliance))

    def _make_of_session(
        self, fact: OfSession, session: Session, source: Source, appliance: Appliance
    ) -> None:
        session.sequence += 1
        number = session.sequence
        kind: Kind = "session_ends"
        if isinstance(fact, SessionEnd):
            writer, text = self.writer if fact.closed else None, None
            if writer and not writer.to_build:
                text = writer.end(session, source, number)
            if text is not None:
                self.made.append(Written(text, kind))
                return
            document = ecs.session_end_event(
                session, source, number, closed=fact.closed
            )
        else:
            kind = "session_progress"
            document = ecs.session_progress_event(
                session, fact.summary, fact.user, source, number
            )
        self.made.append(Made(document, kind, source, appliance))

    def _covered(self, fact: Told, source: Source) -> tuple[Told, Source] | None:
        """Return a fact and its line without names; None if their place is unknown.

        Without privacy too, the token of an administrator's session is left out.
        """
        body, pseudonymizer = source.body or "", self.pseudonymizer
        places = grammar.places(body)
        if pseudonymizer is None:
            return fact, source._replace(body=replaced(body, hidden(places)))
        if isinstance(fact, AuthNotice):
            return pseudonymizer.notice(fact, source, places)
        if isinstance(fact, _ADMIN):
            return pseudonymizer.admin(fact, source, places)
        return pseudonymizer.result(fact, source, places)

    def _redacted(self, fact: Tried, source: Source) -> tuple[Said, Source] | None:
        """Return what was tried and its line without the name, secret or not."""
        if (pseudonymizer := self.pseudonymizer) is None:
            return None
        places = grammar.places(source.body or "")
        if isinstance(fact, AuthNotice):
            return pseudonymizer.redacted(fact, source, places)
        return pseudonymizer.redacted(fact, source, places)

    def _reject_uncovered(self, source: Source, appliance: Appliance) -> None:
        """Reject a line whose name cannot be covered for sure; nothing of it leaves."""
        reasons = ("where the user name begins and ends in the line is not known",)
        hints = _hints_of(source, appliance)
        raw = source.raw or b""
        self.reject(DeadLetter(raw, "uncovered_name", reasons, appliance.name, hints))


def _hints_of(source: Source, appliance: Appliance) -> ReplayHints:
    """Return what a replay of a line needs that was counted already."""
    ordinal = source.ordinal
    if ordinal is None:
        ordinal = appliance.identity.counted(source.raw or b"", source.instant.epoch)
    return appliance.hints(source.outside, ordinal)


def _own_text(raw: bytes) -> str:
    """Return what a line begins with that only the appliance can have written."""
    envelope = read_prefix(raw)
    # Of a longer body the beginning is enough.
    body = raw[envelope.body_at :][:1024].decode("utf-8", "backslashreplace")
    stamp, level = envelope.stamp, envelope.level
    if stamp is None or Clock(None, 0).resolve(stamp) is None:
        stamp = ""
    head = [stamp, f"{level.title()}:" if level else "", grammar.own_text(body)]
    return " ".join(filter(None, head))

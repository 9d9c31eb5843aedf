"""Facts and sessions -> events that are valid, or dead letters."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from esa_auth import ecs, grammar
from esa_auth.model.counters import Counters
from esa_auth.model.dead_letter import Letter
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
from esa_auth.pipeline.appliance import Appliance, Line
from esa_auth.pipeline.recall import own_text, recall_event, recall_source
from esa_auth.pipeline.waiting import Held, SessionEnd
from esa_auth.places import Places, hidden, replaced
from esa_auth.privacy import Veil
from esa_auth.sessions import fold_result, is_expired
from esa_auth.validation import EventSchema

Out = TypeVar("Out")
# Syslogs cut at these sizes, of which a file or record lacks the priority and the NUL
# or newline. Who sent a name that a line was cut in chose what seems to follow it.
_CUTS = frozenset(size - less for size in (1024, 2048, 4096, 8192) for less in range(7))


class Emitter(Generic[Out]):
    """Builds, validates and encodes; ``out`` and ``dead`` are taken by the caller."""

    def __init__(
        self,
        encode: Callable[[Document], Out],
        read_time: Callable[[], str],
        veil: Veil | None = None,
    ) -> None:
        self.counters = Counters()
        self.out: list[Out] = []
        self.dead: list[dict[str, Any]] = []
        self._encode = encode
        self._read_time = read_time
        self._schema = EventSchema()
        self.veil = veil

    def result(
        self,
        fact: InboundResult | OutboundResult,
        session: Session | None,
        source: Source,
        appliance: Appliance,
    ) -> None:
        """Write the event of one attempt."""
        if self.veil:
            told = covered(fact, source, self.veil.result)
            if told is None:
                self.uncovered(source, appliance)
                return
            fact, source = told
        if session is not None:
            if self.veil and isinstance(fact, InboundResult):
                self.veil.verdict(session, fact)
            fold_result(session, fact)
            session.first_event_id = session.first_event_id or source.event_id
        if self._leave(ecs.result_event(fact, session, source), source, appliance):
            self.counters.results += 1

    def notice(
        self,
        fact: AuthNotice,
        session: Session | None,
        source: Source,
        appliance: Appliance,
    ) -> None:
        """Write an ancillary event."""
        if self.veil:
            told = covered(fact, source, self.veil.notice)
            if told is None:
                self.uncovered(source, appliance)
                return
            fact, source = told
        if self._leave(ecs.notice_event(fact, session, source), source, appliance):
            self.counters.ancillary += 1

    def admin(
        self, fact: AdminLogin | AdminLogout, source: Source, appliance: Appliance
    ) -> None:
        """Write the event of a login to the appliance itself, or of its end."""
        if self.veil:
            told = covered(fact, source, self.veil.admin)
            if told is None:
                self.uncovered(source, appliance)
                return
            fact, source = told
        else:
            body = source.body or ""
            bare = replaced(body, hidden(grammar.places(body)))
            source = source._replace(body=bare)
        if self._leave(ecs.admin_event(fact, source), source, appliance):
            if isinstance(fact, AdminLogin):
                self.counters.results += 1
            else:
                self.counters.ancillary += 1

    def release(self, held: Held, appliance: Appliance) -> None:
        """Write the event of a line that waited, as its session is known now."""
        fact, session, source = held.fact, held.session, held.source
        if isinstance(fact, SessionEnd):
            document = ecs.session_end_event(session, source, fact.closed)
            self._end(document, source, appliance)
            return
        self.counters.lines += 1
        if isinstance(fact, AuthNotice):
            document = ecs.notice_event(fact, session, source)
            if self._leave(document, source, appliance):
                self.counters.ancillary += 1
        elif self._leave(ecs.result_event(fact, session, source), source, appliance):
            self.counters.results += 1

    def closed(self, session: Session, source: Source, appliance: Appliance) -> None:
        """Write the end of a session that a line closed."""
        self.counters.context += 1
        if session.attempts:
            self._end(ecs.session_end_event(session, source, True), source, appliance)

    def abandoned(self, session: Session, appliance: Appliance, why: str) -> None:
        """Write the end of a session whose close was not seen."""
        appliance.messages.ended(session)
        if session.attempts:
            source = self._open_end(session, appliance, why)
            self._end(ecs.session_end_event(session, source, False), source, appliance)

    def _open_end(self, session: Session, appliance: Appliance, why: str) -> Source:
        began, age = session.start.epoch, appliance.inbound.max_age
        if is_expired(began, appliance.clock.now, age):
            why = "session_expired"
        event_id = appliance.identity.of_open_end(session.first_event_id)
        last = session.last or session.first
        return Source(None, None, last, appliance.observer, event_id, flags=(why,))

    def reject(self, letter: Letter) -> None:
        """Keep a line that looks like AUTH and cannot be used, with the reason."""
        self.counters.rejected += 1
        self._bury(letter)

    def uncovered(self, source: Source, appliance: Appliance) -> None:
        """Keep a line whose name cannot be covered for sure; nothing of it leaves."""
        self.reject(
            Letter(
                source.raw or b"",
                "uncovered_name",
                ("where the user name begins and ends in the line is not known",),
                appliance.name,
                recall_source(source, appliance),
            )
        )

    def _end(self, document: Document, source: Source, appliance: Appliance) -> None:
        if self._schema.fits(document):
            self.out.append(self._encode(document))
            self.counters.session_ends += 1
        else:
            self._refuse(document, source, appliance)

    def _leave(self, document: Document, source: Source, appliance: Appliance) -> bool:
        if self._schema.fits(document):
            self.out.append(self._encode(document))
            return True
        self.counters.rejected += 1
        self._refuse(document, source, appliance)
        return False

    def _refuse(self, document: Document, source: Source, appliance: Appliance) -> None:
        self.counters.invalid_events += 1
        event = document.whole()
        reasons = tuple(self._schema.reasons(event))
        recall = recall_event(event, source, appliance)
        raw, name = source.raw or b"", appliance.name
        self._bury(Letter(raw, "invalid_event", reasons, name, recall))

    def _bury(self, letter: Letter) -> None:
        self.counters.dead_letters += 1
        if self.veil:
            letter = self.veil.letter(letter, own_text(letter.raw))
        self.dead.append(ecs.dead_letter(letter, self._read_time()))


_Told = InboundResult | OutboundResult | AuthNotice | AdminLogin | AdminLogout
Told = TypeVar("Told", bound=_Told)


def covered(
    fact: Told,
    source: Source,
    cover: Callable[[Told, Source, Places], tuple[Told, Source] | None],
) -> tuple[Told, Source] | None:
    """Return what a veil's ``cover`` makes of a fact and its line, or None as it does.

    A name that was ambiguous where the one that is written is not gets a flag.
    """
    told = cover(fact, source, grammar.places(source.body or ""))
    if told is None:
        return None
    whole, (fact, source) = fact, told
    if _ambiguous(whole) and not _ambiguous(fact):
        source = source._replace(flags=(*source.flags, "ambiguous_user"))
    return fact, source


def _ambiguous(fact: _Told) -> bool:
    if isinstance(fact, OutboundResult):
        return False
    if isinstance(fact, AdminLogin | AdminLogout):
        return ecs.is_ambiguous_admin(fact.user or "")
    return ecs.is_ambiguous(fact.user or "")


def source_of(line: Line, instant: Instant, body: str) -> Source:
    """Return the origin of an event that ``line`` says; ``body`` has no blank last."""
    by, _, _, prefix = line
    raw = line.physical
    flags = () if raw.isascii() or _is_utf8(raw) else ("not_utf8",)
    if len(raw) in _CUTS:
        flags = (*flags, "possibly_cut")
    if prefix is None:
        event_id = by.identity.of_line(raw, instant.epoch)
        # By position, which is half as dear as by name.
        return Source(
            raw, body, instant, by.observer, event_id, "info", None, None, None, flags
        )
    if prefix.repeated is not None:
        flags = (*flags, "repeated_message")
    own_stamp = prefix.stamp is not None and prefix.stamp.encode() in raw[:512]
    event_id = by.identity.of_line(raw, instant.epoch, "" if own_stamp else instant.iso)
    return Source(
        raw,
        body,
        instant,
        by.observer,
        event_id,
        prefix.level,
        prefix.program,
        prefix.priority,
        prefix.host,
        flags,
        None if own_stamp else prefix.stamp,
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

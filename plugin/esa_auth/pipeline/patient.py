"""Holds events of a session for lines that come late; nobody else pays for it.

Late context is one such line, the success after a mistyped name is another. By the time
of the log alone. That is moved by the lines that are read: a line that matters to
nobody moves it not, or events would depend on where the input was cut.
"""

from collections.abc import Callable

from esa_auth.envelope import Present
from esa_auth.model.document import Document
from esa_auth.model.facts import (
    AuthNotice,
    Envelope,
    InboundOpened,
    InboundResult,
    Instant,
    OutboundResult,
)
from esa_auth.model.session import Session, Source
from esa_auth.pipeline.appliance import Appliance, Settings
from esa_auth.pipeline.emitter import Emitter, Out, covered
from esa_auth.pipeline.enriching import EnrichingEmitter
from esa_auth.pipeline.waiting import Held, Place, Said, SessionEnd
from esa_auth.privacy import REDACTED
from esa_auth.sessions import fold_result

Make = Callable[[str, Settings, Present | None], Appliance]


class PatientEmitter(Emitter[Out]):
    """Makes an event some seconds of the log after its line.

    ``wait`` seconds each, if the session is not over before; and ``doubt`` seconds that
    of a failure, and of what follows it in its session, for the name may turn out to be
    a password.
    """

    wait: int
    doubt: int

    def result(
        self,
        fact: InboundResult | OutboundResult,
        session: Session | None,
        source: Source,
        appliance: Appliance,
    ) -> None:
        """Count one attempt, and hold its event."""
        if session is None:
            super().result(fact, session, source, appliance)
            return
        whole = source
        if self.veil:
            told = covered(fact, source, self.veil.result)
            if told is None:
                self.uncovered(source, appliance)
                return
            fact, source = told
            if isinstance(fact, InboundResult):
                self.veil.verdict(session, fact)
        fold_result(session, fact)
        session.first_event_id = session.first_event_id or source.event_id
        if self.doubt and isinstance(fact, InboundResult) and fact.outcome == "success":
            appliance.waiting.redact(fact, _place(session))
        self._hold(Held(fact, session, source, self.wait), whole, appliance)

    def notice(
        self,
        fact: AuthNotice,
        session: Session | None,
        source: Source,
        appliance: Appliance,
    ) -> None:
        """Hold an ancillary event."""
        if session is None:
            super().notice(fact, session, source, appliance)
            return
        whole = source
        if self.veil:
            told = covered(fact, source, self.veil.notice)
            if told is None:
                self.uncovered(source, appliance)
                return
            fact, source = told
        self._hold(Held(fact, session, source, self.wait), whole, appliance)

    def closed(self, session: Session, source: Source, appliance: Appliance) -> None:
        """Write what is held of a session, then its end, or hold that, too."""
        if not self._over(session, appliance):
            super().closed(session, source, appliance)
            return
        self.counters.context += 1
        if session.attempts:
            appliance.waiting.add(Held(SessionEnd(True), session, source))

    def abandoned(self, session: Session, appliance: Appliance, why: str) -> None:
        """Write what is held of a session, then its end, or hold that, too."""
        if not self._over(session, appliance):
            super().abandoned(session, appliance, why)
            return
        appliance.messages.ended(session)
        if session.attempts:
            source = self._open_end(session, appliance, why)
            appliance.waiting.add(Held(SessionEnd(False), session, source))

    def release_due(self, appliance: Appliance) -> None:
        """Write what has waited long enough by the time of the log."""
        waiting, now = appliance.waiting, appliance.clock.now
        while held := waiting.take_due(now):
            self.release(held, appliance)

    def _hold(self, held: Held, whole: Source, appliance: Appliance) -> None:
        # It counts when it is known what becomes of it: after a stop, in the process
        # that writes it.
        self.counters.lines -= 1
        # At the release more lines like this one may have been counted.
        epoch = whole.instant.epoch
        ordinal = appliance.identity.counted(whole.raw or b"", epoch)
        held = held._replace(source=held.source._replace(ordinal=ordinal))
        if self.doubt:
            held = self._doubted(held)
        waiting = appliance.waiting
        if not (held.patience or waiting.holds(held.session)):
            self.release(held, appliance)
            return
        waiting.add(held)
        while waiting.full:
            self.release(waiting.take_oldest(), appliance)

    def _doubted(self, held: Held) -> Held:
        """Return it with what it is without its name, if that may be a password."""
        fact, source, veil = held.fact, held.source, self.veil
        if veil is None or held.tried[0] in ("", REDACTED):
            return held
        if isinstance(fact, AuthNotice):
            redacted: tuple[Said, Source] | None = covered(fact, source, veil.redacted)
        elif isinstance(fact, InboundResult) and fact.outcome == "failure":
            redacted = covered(fact, source, veil.redacted)
        else:
            return held
        patience, place = max(self.wait, self.doubt), _place(held.session)
        return held._replace(patience=patience, place=place, redacted=redacted)

    def _over(self, session: Session, appliance: Appliance) -> bool:
        """Write what is held of a session that is over; return whether some stays."""
        waiting = appliance.waiting
        if waiting.doubtful(session):
            return True
        for held in waiting.take(session):
            self.release(held, appliance)
        return False


def _place(session: Session) -> Place:
    """Return what two sessions of one client have in common."""
    opening = session.opening
    if isinstance(opening, InboundOpened):
        return opening.address, opening.interface
    return session.address or "", f"ICID {session.number}"


class PatientEnrichingEmitter(PatientEmitter[Out], EnrichingEmitter[Out]):
    """Both."""


class PatientAppliance(Appliance):
    """Tells when its log has got to another time."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        present: Present | None,
        moved: Callable[[Appliance], None],
    ) -> None:
        super().__init__(name, settings, present)
        self._moved = moved

    def instant(self, line: bytes, prefix: Envelope | None) -> Instant | None:
        """See `Appliance.instant`."""
        before = self.head
        instant = super().instant(line, prefix)
        if instant is not None and self.head is not before:
            self._moved(self)
        return instant


def stages(
    encode: Callable[[Document], Out], read_time: Callable[[], str], settings: Settings
) -> tuple[Emitter[Out], Make]:
    """Return the emitter that ``settings`` ask for, and what makes its appliances."""
    if settings.waits:
        patient = _patient(encode, read_time, settings)
        patient.wait, patient.doubt = settings.wait, settings.redact_wait
        moved = patient.release_due
        return (
            patient,
            lambda name, own, present: PatientAppliance(name, own, present, moved),
        )
    if settings.enrich:
        emitter = EnrichingEmitter(encode, read_time, settings, settings.enrich)
        return emitter, Appliance
    return Emitter(encode, read_time, settings.veil), Appliance


def _patient(
    encode: Callable[[Document], Out], read_time: Callable[[], str], settings: Settings
) -> PatientEmitter[Out]:
    if settings.enrich:
        return PatientEnrichingEmitter(encode, read_time, settings, settings.enrich)
    return PatientEmitter(encode, read_time, settings.veil)

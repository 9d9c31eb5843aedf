"""Holds events of a session for lines that come late; nobody else pays for it.

By the time of the log alone. That is moved by the lines that are read: a line that
matters to nobody moves it not, or events would depend on where the input was cut.
"""

from collections.abc import Callable

from esa_auth.document import Document
from esa_auth.facts import AuthNotice, Envelope, InboundResult, Instant, OutboundResult
from esa_auth.joined import Session, Source
from esa_auth.pipeline.appliance import Appliance, Settings
from esa_auth.pipeline.emitter import Emitter, Out, covered
from esa_auth.pipeline.enriching import EnrichingEmitter
from esa_auth.pipeline.waiting import Held
from esa_auth.sessions import fold_result

Make = Callable[[str, Settings], Appliance]


class PatientEmitter(Emitter[Out]):
    """Makes an event ``wait`` seconds of the log after its line, or at its end."""

    wait: int

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
            fact, source = covered(fact, source, self.veil.result)
            if isinstance(fact, InboundResult):
                self.veil.verdict(session, fact)
        fold_result(session, fact)
        session.first_event_id = session.first_event_id or source.event_id
        self._hold(Held(fact, session, source), whole, appliance)

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
            fact, source = covered(fact, source, self.veil.notice)
        self._hold(Held(fact, session, source), whole, appliance)

    def closed(self, session: Session, source: Source, appliance: Appliance) -> None:
        """Write what is held of a session, then its end."""
        self._release_of(session, appliance)
        super().closed(session, source, appliance)

    def abandoned(self, session: Session, appliance: Appliance, why: str) -> None:
        """Write what is held of a session, then its end."""
        self._release_of(session, appliance)
        super().abandoned(session, appliance, why)

    def release_due(self, appliance: Appliance) -> None:
        """Write what has waited long enough by the time of the log.

        A clock that was set back must not keep it: it is late by as much.
        """
        waiting, now = appliance.waiting, appliance.clock.now
        while held := waiting.oldest():
            if abs(now - held.source.instant.epoch) <= self.wait:
                break
            self.release(waiting.take_oldest(), appliance)

    def _hold(self, held: Held, whole: Source, appliance: Appliance) -> None:
        # It counts when it is known what becomes of it: after a stop, in the process
        # that writes it.
        self.counters.lines -= 1
        epoch = whole.instant.epoch
        # At the release more lines like this one may have been counted.
        ordinal = appliance.identity.counted(whole.raw or b"", epoch)
        source = held.source._replace(ordinal=ordinal)
        waiting = appliance.waiting
        waiting.add(held._replace(source=source))
        while waiting.full:
            self.release(waiting.take_oldest(), appliance)

    def _release_of(self, session: Session, appliance: Appliance) -> None:
        for held in appliance.waiting.take(session):
            self.release(held, appliance)


class PatientEnrichingEmitter(PatientEmitter[Out], EnrichingEmitter[Out]):
    """Both."""


class PatientAppliance(Appliance):
    """Tells when its log has got to another time."""

    def __init__(
        self, name: str, settings: Settings, moved: Callable[[Appliance], None]
    ) -> None:
        super().__init__(name, settings)
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
    if settings.wait:
        patient = _patient(encode, read_time, settings)
        patient.wait, moved = settings.wait, patient.release_due
        return patient, lambda name, own: PatientAppliance(name, own, moved)
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

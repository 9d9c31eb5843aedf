"""Decides which events wait for late lines of their session, and for how long.

Late context is one such line, the success after a mistyped name is another. By the time
of the log alone. That is moved by the lines that are read: a line that matters to
nobody moves it not, or events would depend on where the input was cut.
"""

from collections.abc import Callable

from esa_auth.model.facts import AuthNotice, InboundOpened, InboundResult
from esa_auth.model.session import Session, Source
from esa_auth.pipeline.appliance import Appliance
from esa_auth.pipeline.waiting import Held, Place, Said
from esa_auth.privacy import REDACTED

Tried = InboundResult | AuthNotice


class Hold:
    """Puts events into `Appliance.waiting`, and gives those whose time has come.

    All events of a session wait ``wait`` seconds of the log, if the session is not over
    before. A failure, and what follows it in its session, waits ``redact_wait`` seconds
    if that is longer: its name may turn out to be a password.
    """

    def __init__(
        self,
        wait: int,
        redact_wait: int,
        redact: Callable[[Tried, Source], tuple[Said, Source] | None] | None,
    ) -> None:
        """``redact`` takes the name out of a fact and its line (None: no privacy)."""
        self._wait, self._redact_wait = wait, redact_wait
        self._redact = redact

    def event(self, held: Held, line: Source, appliance: Appliance) -> list[Held]:
        """Hold the event of ``line``; return those that must wait no longer.

        ``line`` still has the names, by which it was counted.
        """
        waiting, fact = appliance.waiting, held.fact
        if (
            self._redact_wait
            and isinstance(fact, InboundResult)
            and fact.outcome == "success"
        ):
            waiting.redact(fact, _place(held.session))
        # When it is made, more lines like this one may have been counted.
        ordinal = appliance.identity.counted(line.raw or b"", line.instant.epoch)
        held = held._replace(
            source=held.source._replace(ordinal=ordinal), patience=self._wait
        )
        if self._redact_wait:
            held = self._doubted(held)
        if not (held.patience or waiting.holds(held.session)):
            return [held]
        waiting.add(held)
        return waiting.take_excess()

    def progress(self, held: Held, appliance: Appliance) -> list[Held]:
        """Hold what an open session has done, behind what is held of it already.

        Return what must wait no longer.
        """
        waiting = appliance.waiting
        if not (self._wait or waiting.holds(held.session)):
            return [held]
        waiting.add(held._replace(patience=self._wait))
        return waiting.take_excess()

    def end(
        self, ends: list[Held], session: Session, appliance: Appliance
    ) -> list[Held]:
        """Take the end of a session, if it is told; return what must wait no longer."""
        waiting = appliance.waiting
        if not waiting.doubtful(session):
            return [*waiting.take(session), *ends]
        for held in ends:
            waiting.add(held)
        return []

    def _doubted(self, held: Held) -> Held:
        """Return it with what it is without its name, if that may be a password."""
        fact, source = held.fact, held.source
        if self._redact is None or held.tried[0] in ("", REDACTED):
            return held
        if not isinstance(fact, Tried) or getattr(fact, "outcome", "") == "success":
            return held
        return held._replace(
            patience=max(self._wait, self._redact_wait),
            place=_place(held.session),
            redacted=self._redact(fact, source),
        )


def _place(session: Session) -> Place:
    """Return what two sessions of one client have in common."""
    opening = session.opening
    if isinstance(opening, InboundOpened):
        return opening.address, opening.interface
    return session.address or "", f"ICID {session.number}"

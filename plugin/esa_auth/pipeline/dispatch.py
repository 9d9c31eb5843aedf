"""Which line goes where, and what is done with what it says, if that is no event.

The first four bytes of a body choose its handler. Most lines end there, or are kept as
they are; the others are read, and the fact decides. All words come from the rows of the
grammar.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from esa_auth import grammar
from esa_auth.model.facts import (
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    DeliveryStarted,
    Fact,
    HatDecision,
    InboundAddress,
    Instant,
    LogBegun,
    LogOffset,
    LogVersion,
    MessageAborted,
    MessageReady,
    MessageStarted,
    RecipientGiven,
    SenderGiven,
    SessionClosed,
    SessionLost,
    Side,
    Tls,
)
from esa_auth.pipeline.appliance import SIDES
from esa_auth.pipeline.connections import Connections
from esa_auth.pipeline.emitter import Emitter
from esa_auth.pipeline.line import Line
from esa_auth.pipeline.mail import Mail
from esa_auth.pipeline.registry import ApplianceRegistry

Handler: TypeAlias = Callable[[Line], None]

# So many bytes of a body choose its handler.
LEAD = 4
# The side whose numbers stand behind these.
_SIDE_OF: dict[bytes, Side] = {side.upper().encode(): side for side in SIDES}
_OTHER_TEXTS: frozenset[grammar.Family] = grammar.EVENT_FAMILIES | {"ignored"}


class Dispatcher:
    """Hands each line to what its first words ask for."""

    def __init__(
        self,
        emitter: Emitter,
        registry: ApplianceRegistry,
        advance: Callable[[Line], Instant | None],
    ) -> None:
        """``advance`` is the step in which a line moves the time of its appliance."""
        self._emit = emitter
        self.counters = self._count = emitter.counters
        self.advance = self._advance = advance
        self._connections = Connections(emitter, registry, advance, self._act)
        self.read, self.reject = self._connections.read, self._connections.reject
        self._mail = Mail(emitter, registry.settings, advance)
        self.concerns = self._mail.concerns
        rules = grammar.GRAMMAR
        families = rules.families_by_lead
        self.handlers: dict[bytes, Handler] = {
            **dict.fromkeys(rules.unread_leads, self.read),
            **{lead: self._handler(lead, found) for lead, found in families.items()},
        }
        # Their lines are passed over unless they concern a session; see `concerns`.
        self.mail_leads = frozenset(
            lead for lead, handle in self.handlers.items() if handle == self._of_mail
        )
        # Other texts begin with the words of an event, too: "The", "Failed".
        self._certain = frozenset(
            lead
            for lead, found in families.items()
            if not found & _OTHER_TEXTS or lead in _SIDE_OF
        )

    def of(self, line: bytes, at: int) -> Handler | None:
        """Return what reads lines whose body, at ``at``, begins like this one."""
        return self.handlers.get(line[at : at + LEAD])

    def is_certain(self, line: bytes, at: int) -> bool:
        """Return whether only lines of the appliance have such a body."""
        return line[at : at + LEAD] in self._certain

    # ---- by the first words ---------------------------------------------------------

    def _handler(self, lead: bytes, families: frozenset[grammar.Family]) -> Handler:
        side = _SIDE_OF.get(lead)
        if side is not None:
            return partial(self._connections.line_of, side)
        if "opening" in families:
            return self._connections.opening
        return self._of_mail if families <= grammar.MAIL_FAMILIES else self.read

    def _of_mail(self, line: Line) -> None:
        if line.appliance.odd:
            # What was put off may be what its session is known by.
            self._advance(line)
        if self.concerns(line.appliance, line.raw, line.envelope.body_at):
            self.read(line)

    # ---- by what a line says --------------------------------------------------------

    def _act(self, fact: Fact, line: Line) -> None:
        match fact:
            case Tls(side=side, number=number):
                self._connections.describe(side, number.encode(), line)
            case HatDecision() | InboundAddress() | SessionLost():
                self._connections.describe("icid", fact.icid.encode(), line)
            case SessionClosed(side=side, number=number):
                self._connections.close(side, number.encode(), line)
            case MessageStarted() | SenderGiven() | RecipientGiven():
                self._mail.message(fact, line)
            case MessageReady() | MessageAborted():
                self._mail.message_end(fact, line)
            case Delivered() | Bounced() | Delayed():
                self._mail.delivery(fact, line)
            case DeliveryStarted() | ConnectionFailed():
                self._mail.delivery(fact, line)
            case LogBegun() | LogOffset() | LogVersion():
                self._header(fact, line)
            case _:
                # An opening is never read here, and the rest is of no interest.
                pass

    def _header(self, fact: LogBegun | LogOffset | LogVersion, line: Line) -> None:
        if self._advance(line) is None:
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

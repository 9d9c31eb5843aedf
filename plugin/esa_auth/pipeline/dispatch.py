"""Which line goes where; what the grammar says of it is done here.

The first four bytes of a body choose its handler. Most lines end there, or are kept as
they are; the others are read, and the fact decides. All words come from the rows of the
grammar.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from esa_auth import grammar
from esa_auth.envelope import CHANGED_ENDS
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    DeliveryStarted,
    Fact,
    HatDecision,
    InboundAddress,
    InboundResult,
    Instant,
    LogBegun,
    LogOffset,
    LogVersion,
    MessageAborted,
    MessageReady,
    MessageStarted,
    OutboundResult,
    RecipientGiven,
    SenderGiven,
    SessionClosed,
    SessionLost,
    Side,
    Tls,
)
from esa_auth.pipeline.appliance import SIDES, Line
from esa_auth.pipeline.connections import NO_CONNECTION, Connections
from esa_auth.pipeline.emitter import Emitter
from esa_auth.pipeline.mail import Mail
from esa_auth.pipeline.registry import ApplianceRegistry
from esa_auth.pipeline.sources import source_of

Handler: TypeAlias = Callable[[Line], None]

# So many bytes of a body choose its handler.
LEAD = 4
_AMBIGUOUS = ("ambiguous_user",)
_AUTH = (InboundResult, OutboundResult, AuthNotice)
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
        self._max_line = registry.settings.max_line
        self._connections = Connections(emitter, registry, advance, self.read)
        self._mail = Mail(emitter, registry, advance)
        self.concerns = self._mail.concerns
        rules = grammar.GRAMMAR
        # A name that holds what stands around one may be another one in a longer line.
        self._around_user = rules.delimiters["auth"]
        self._around_admin = rules.delimiters["login"]
        families = rules.families_by_lead()
        self.handlers: dict[bytes, Handler] = {
            **dict.fromkeys(rules.unread_leads(), self.read),
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
            if not found & _OTHER_TEXTS or _side(lead)
        )

    def of(self, line: bytes, at: int) -> Handler | None:
        """Return what reads lines whose body, at ``at``, begins like this one."""
        return self.handlers.get(line[at : at + LEAD])

    def is_certain(self, line: bytes, at: int) -> bool:
        """Return whether only lines of the appliance have such a body."""
        return line[at : at + LEAD] in self._certain

    def read(self, line: Line) -> None:
        """Read a line with the grammar, and do what it asks for."""
        if line.raw.endswith(CHANGED_ENDS):
            line = line.trimmed()
        body = line.body.rstrip()
        reading = grammar.GRAMMAR.reading(body)
        if reading is not None:
            if isinstance(reading.fact, _AUTH):
                self._join(reading.fact, line, body)
            else:
                self._act(reading.fact, line, body)
        elif grammar.GRAMMAR.looks_like_auth(body):
            self._note_tls(line, body)
            self.reject(line, "unread", "looks like AUTH, and no rule reads it")

    def reject(self, line: Line, why: str, reason: str) -> None:
        """Reject a line that looks like an event, and cannot be read as one."""
        line = line.trimmed()
        self._emit.reject_line(line, self._advance(line), why, reason)

    # ---- by the first words ---------------------------------------------------------

    def _handler(self, lead: bytes, families: frozenset[grammar.Family]) -> Handler:
        side = _side(lead)
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

    def _act(self, fact: Fact, line: Line, body: str) -> None:
        match fact:
            case AdminLogin() | AdminLogout():
                self._login(fact, line, body)
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

    def _join(
        self, fact: InboundResult | OutboundResult | AuthNotice, line: Line, body: str
    ) -> None:
        """Make an event of an AUTH line, joined with its session."""
        instant = self._sound(line)
        if instant is None:
            return
        appliance = line.appliance
        side: Side = "dcid" if isinstance(fact, OutboundResult) else "icid"
        number = fact.dcid if isinstance(fact, OutboundResult) else fact.icid
        session = self._connections.session(appliance, side, number, instant)
        user = None if isinstance(fact, OutboundResult) else fact.user
        found = user and self._around_user.search(f" {user}")
        source = source_of(line, instant, body, _AMBIGUOUS if found else ())
        self._emit.event(fact, session, source, appliance)

    def _login(self, fact: AdminLogin | AdminLogout, line: Line, body: str) -> None:
        instant = self._sound(line)
        if instant is not None:
            found = fact.user and self._around_admin.search(f" {fact.user}")
            source = source_of(line, instant, body, _AMBIGUOUS if found else ())
            self._emit.event(fact, None, source, line.appliance)

    def _sound(self, line: Line) -> Instant | None:
        """Return when a line was written, or reject it if it is cut or has no time."""
        instant, longest = self._advance(line), self._max_line
        if len(line.raw) > longest:
            self.reject(line, "too_long", f"longer than {longest} bytes, cut")
            return None
        if instant is None:
            self.reject(line, "no_time", "no readable time stamp")
        return instant

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

    def _note_tls(self, line: Line, body: str) -> None:
        """Keep what AUTH in an unknown wording may say of its connection's TLS."""
        if (some := grammar.unknown_tls(body)) is not None:
            side, number, note = some
            instant = self._advance(line) if number != NO_CONNECTION else None
            if instant is not None:
                self._connections.add(line.appliance, side, number, instant, note)


def _side(lead: bytes) -> Side | None:
    """Return the side whose numbers stand behind ``lead``."""
    return next((side for side in SIDES if side.upper().encode() == lead), None)

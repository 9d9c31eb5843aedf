"""Which line goes where; what the grammar says of it is done here.

The first four bytes of a body choose its handler. Most lines end there, or are kept as
they are; the others are read, and the fact decides. All words come from the rows of the
grammar.
"""

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeAlias, get_args

from esa_auth import grammar
from esa_auth.envelope import CHANGED_ENDS
from esa_auth.model.dead_letter import Letter
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
from esa_auth.model.session import Source
from esa_auth.pipeline.appliance import Line
from esa_auth.pipeline.connections import Connections, is_connection
from esa_auth.pipeline.emitter import Emitter, Out, source_of
from esa_auth.pipeline.mail import Mail
from esa_auth.pipeline.population import Population
from esa_auth.pipeline.recall import recall_line

Handler: TypeAlias = Callable[[Line], None]

_LEAD = 4
_SIDES: tuple[Side, ...] = get_args(Side)
_OTHER_TEXTS: frozenset[grammar.Family] = grammar.EVENT_FAMILIES | {"ignored"}


class Dispatcher(Generic[Out]):
    """Hands each line to what its first words ask for."""

    def __init__(self, emitter: Emitter[Out], population: Population[Out]) -> None:
        self._emit = emitter
        self._count = emitter.counters
        self.settings = population.settings
        self._connections = Connections(emitter, population)
        self._mail = Mail(emitter, population)
        rules = grammar.GRAMMAR
        self._at_sight = {
            side: (rules.at_sight(side, "context"), rules.at_sight(side, "close"))
            for side in _SIDES
        }
        families = rules.families_by_lead()
        self.handlers: dict[bytes, Handler] = {
            **dict.fromkeys(rules.unread_leads(), self.read),
            **{lead: self._handler(lead, found) for lead, found in families.items()},
        }
        # Lines that are passed over while nothing is known of their session.
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
        return self.handlers.get(line[at : at + _LEAD])

    def is_certain(self, line: bytes, at: int) -> bool:
        """Return whether only lines of the appliance have such a body."""
        return line[at : at + _LEAD] in self._certain

    def each_time(self, handle: Handler, line: Line, times: int) -> bool:
        """Read a line that came so often; return whether it is more than ignored.

        What opens, describes or closes a session does so once; and what is refused is
        refused as a whole, so that one letter reads it again.
        """
        if line.appliance.odd and times > 1:
            # What was put off before it is not to be counted with it.
            line.appliance.instant(line.raw, line.prefix)
        before = self._told()
        handle(line)
        after = self._told()
        if after[0] == before[0] + 1 and after[1:] == before[1:]:
            for _ in range(times - 1):
                self._count.lines += 1
                handle(line)
        return after != before

    def read(self, line: Line) -> None:
        """Read a line with the grammar, and do what it asks for."""
        if line.raw.endswith(CHANGED_ENDS):
            line = line.trimmed()
        body = line.body.rstrip()
        reading = grammar.reading(body)
        if reading is not None:
            self._act(reading.fact, line, body)
        elif grammar.GRAMMAR.looks_like_auth(body):
            self._note_tls(line, body)
            self.refuse(line, "unread", "looks like AUTH, and no rule reads it")

    def refuse(self, line: Line, why: str, reason: str) -> None:
        """Keep a line that looks like an event, and cannot be read as one."""
        line = line.trimmed()
        recall = recall_line(line)
        self._emit.reject(
            Letter(line.physical, why, (reason,), line.appliance.name, recall)
        )

    # ---- by the first words ---------------------------------------------------------

    def _handler(self, lead: bytes, families: frozenset[grammar.Family]) -> Handler:
        side = _side(lead)
        if side is not None:
            return partial(self._of_connection, side)
        if "opening" in families:
            return self._opening
        return self._of_mail if families <= grammar.MAIL_FAMILIES else self.read

    def _opening(self, line: Line) -> None:
        if not self._connections.opened(line):
            self.read(line)

    def _of_connection(self, side: Side, line: Line) -> None:
        """Take a line that begins with the number of a connection."""
        context, close = self._at_sight[side]
        if match := context.match(line.raw, line.at):
            self._connections.describe(side, match[1], line)
        elif match := close.match(line.raw, line.at):
            self._connections.close(side, match[1], line)
        else:
            self.read(line)

    def _of_mail(self, line: Line) -> None:
        if self._mail.concerns(line):
            self.read(line)

    # ---- by what a line says --------------------------------------------------------

    def _act(self, fact: Fact, line: Line, body: str) -> None:
        match fact:
            case InboundResult() | OutboundResult() | AuthNotice():
                self._join(fact, line, body)
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
        source = source_of(line, instant, body)
        if isinstance(fact, OutboundResult):
            self._emit.result(fact, session, source, appliance)
            return
        source = _flagged(source, fact.user, "auth")
        if isinstance(fact, AuthNotice):
            self._emit.notice(fact, session, source, appliance)
        else:
            self._emit.result(fact, session, source, appliance)

    def _login(self, fact: AdminLogin | AdminLogout, line: Line, body: str) -> None:
        instant = self._sound(line)
        if instant is not None:
            source = _flagged(source_of(line, instant, body), fact.user, "login")
            self._emit.admin(fact, source, line.appliance)

    def _sound(self, line: Line) -> Instant | None:
        """Return when a line was written, or refuse it if it is cut or has no time."""
        instant, longest = line.instant, self.settings.max_line
        if len(line.raw) > longest:
            self.refuse(line, "too_long", f"longer than {longest} bytes, cut")
            return None
        if instant is None:
            self.refuse(line, "no_time", "no readable time stamp")
        return instant

    def _header(self, fact: LogBegun | LogOffset | LogVersion, line: Line) -> None:
        if line.instant is None:
            return
        appliance = line.appliance
        self._count.context += 1
        if isinstance(fact, LogOffset):
            appliance.set_offset(fact.seconds)
        elif isinstance(fact, LogVersion):
            # What they were told by, they end by.
            for session in appliance.leave(fact.serial):
                self._emit.abandoned(session, appliance, "session_replaced")
            appliance.set_version(fact.version, fact.serial)

    def _note_tls(self, line: Line, body: str) -> None:
        """Keep what AUTH in an unknown wording may say of its connection's TLS."""
        if (some := grammar.unknown_tls(body)) is not None:
            side, number, note = some
            if is_connection(number):
                self._connections.add(side, number, line, note)

    def _told(self) -> tuple[int, int, int]:
        """Return what changes with a line that counts as more than ignored."""
        count = self._count
        # A line whose event is held is not counted as a line until that leaves.
        said = count.results + count.ancillary - count.lines
        return said, count.context, count.rejected


def _side(lead: bytes) -> Side | None:
    """Return the side whose numbers stand behind ``lead``."""
    return next((side for side in _SIDES if side.upper().encode() == lead), None)


def _flagged(source: Source, user: str | None, family: grammar.Family) -> Source:
    """Return ``source`` with a flag if the name may be another in a longer line."""
    if user and grammar.GRAMMAR.is_ambiguous(user, family):
        return source._replace(flags=(*source.flags, "ambiguous_user"))
    return source

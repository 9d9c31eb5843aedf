"""A session as its lines told it, what a fact changes in it, and what left it."""

from typing import Literal, NamedTuple, TypeAlias

from esa_auth.model.facts import (
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    Fact,
    HatDecision,
    InboundAddress,
    InboundOpened,
    InboundResult,
    Instant,
    OutboundOpened,
    OutboundResult,
    Side,
    Tls,
    Unread,
)

Completeness: TypeAlias = Literal["missing", "partial", "complete"]

# Made once: `A | B` in a condition is made at each call of it.
_OPENINGS = (InboundOpened, OutboundOpened)

MAX_USERS = 1000
# Of all their names together: one name may be as long as a line.
MAX_USER_LETTERS = 65_536


class Session:
    """One connection in which AUTH was seen.

    What was not seen is None. Counts begin with the first AUTH line: what a connection
    did before is not the account's doing. The defaults stand on the class because most
    sessions change few of them.
    """

    side: Side
    number: str
    first: Instant
    users: dict[str, None]
    mids: set[bytes]
    opened: Instant | None = None
    opening: InboundOpened | OutboundOpened | None = None
    hat: HatDecision | None = None
    tls: Tls | None = None
    address: str | None = None
    last: Instant | None = None
    first_event_id: str = ""
    sequence: int = 0
    attempts: int = 0
    failures: int = 0
    last_success: str | None = None
    messages: int = 0
    recipients: int = 0
    delivered: int = 0
    bounced: int = 0
    delayed: int = 0
    connection_errors: int = 0
    bounce: tuple[str | None, str | None] | None = None
    # What the last report of it while it was open told of, and when: epoch seconds.
    reported: int = 0
    reported_at: int = 0
    # Two appliances have its name, and, if disowned, its number as well.
    conflict: bool = False
    disowned: bool = False

    def __init__(self, side: Side, number: str, first: Instant) -> None:
        """Begin with the first line seen of ICID or DCID ``number``."""
        self.side = side
        self.number = number
        self.first = first
        self.users = {}
        self.mids = set()

    def fold(self, fact: Fact | Unread) -> None:
        """Take what ``fact`` says of how the connection was opened and admitted."""
        if isinstance(fact, _OPENINGS):
            self.opening = fact
        elif isinstance(fact, HatDecision):
            if self.hat is None or fact.action:
                self.hat = fact
        elif isinstance(fact, Tls):
            self.tls = _known_of_tls(self.tls, fact)
        elif isinstance(fact, InboundAddress):
            self.address = fact.address
        elif isinstance(fact, Unread) and fact.auth_like:
            # It was kept because it begins like a line on TLS.
            self.tls = _known_of_tls(self.tls, Tls(self.side, self.number, None))

    def fold_result(self, fact: InboundResult | OutboundResult) -> None:
        """Count one attempt."""
        self.attempts += 1
        if fact.outcome == "failure":
            self.failures += 1
        if isinstance(fact, OutboundResult):
            # The line names the server itself; the session's end is to name it too.
            if self.opening is None and self.address is None:
                self.address = fact.address
        elif fact.user:
            users, name = self.users, fact.user
            letters = sum(map(len, users)) + len(name)
            if len(users) < MAX_USERS and letters <= MAX_USER_LETTERS:
                users[name] = None
            if fact.outcome == "success":
                self.last_success = fact.user

    def fold_delivery(self, fact: Fact) -> None:
        """Count what became of the messages of an outbound session."""
        match fact:
            case Delivered():
                self.delivered += fact.recipients
            case Bounced():
                self.bounced += 1
                self.bounce = self.bounce or (fact.code, fact.reason)
            case Delayed():
                self.delayed += 1
            case ConnectionFailed():
                self.connection_errors += 1
            case _:
                pass

    def disown(self) -> None:
        """Forget the context, which may be that of another appliance's connection."""
        self.opening = self.hat = self.tls = self.address = None
        self.conflict = self.disowned = True

    @property
    def start(self) -> Instant:
        """When the session began, or was first seen."""
        return self.opened or self.first

    @property
    def summary(self) -> "Summary":
        """What it has done so far."""
        return Summary(
            self.attempts,
            self.failures,
            len(self.users),
            self.messages,
            self.recipients,
            self.delivered,
            self.bounced,
            self.delayed,
            self.connection_errors,
            self.bounce,
        )

    @property
    def context(self) -> Completeness:
        """How much of the session's opening was seen."""
        if self.opening is not None and (self.side == "dcid" or self.hat is not None):
            return "complete"
        repeated = self.address if self.side == "icid" else None
        seen = self.opening or self.hat or self.tls or repeated
        return "partial" if seen else "missing"


def _known_of_tls(before: Tls | None, fact: Tls) -> Tls:
    """Return what two lines say together.

    A failure after a success is the end of the connection (seen in 2023), not
    cleartext; after a line that is not understood it says nothing of that line.
    """
    if before is None or fact.established:
        return fact
    return fact if before.established is False else before


class Summary(NamedTuple):
    """The counts of a session at one moment; ``users`` are different names."""

    attempts: int
    failures: int
    users: int
    messages: int = 0
    recipients: int = 0
    delivered: int = 0
    bounced: int = 0
    delayed: int = 0
    connection_errors: int = 0
    bounce: tuple[str | None, str | None] | None = None


class Observer(NamedTuple):
    """The appliance that wrote a line."""

    name: str
    version: str | None = None
    serial: str | None = None


class Source(NamedTuple):
    """Where an event comes from; ``raw`` and ``body`` are None if no line says it."""

    raw: bytes | None
    body: str | None
    instant: Instant
    observer: Observer
    event_id: str
    level: str | None = None
    program: str | None = None
    priority: int | None = None
    syslog_host: str | None = None
    flags: tuple[str, ...] = ()
    # The stamp, if it came from a record around the line.
    outside: str | None = None
    # How many identical lines its second had before; None: it was counted last.
    ordinal: int | None = None

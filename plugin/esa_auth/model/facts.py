"""The vocabulary: what the stages hand to each other.

A `Fact` is what one line says, nothing joined and nothing guessed. Named tuples and
not dataclasses because an AUTH flood makes a hundred thousand of them a second.
"""

from typing import Literal, NamedTuple, TypeAlias

Outcome: TypeAlias = Literal["success", "failure"]
Side: TypeAlias = Literal["icid", "dcid"]


class Instant(NamedTuple):
    """When a line was written, in UTC.

    ``epoch`` is whole seconds, ``iso`` the ``@timestamp`` with three decimals and
    ``Z``, ``zone`` the zone that local time was read in, ``flags`` what is doubtful.
    """

    epoch: int
    iso: str
    zone: str
    flags: tuple[str, ...] = ()


class Envelope(NamedTuple):
    """What stands before the body of a line; the body is ``line[body_at:]``.

    ``around`` is the date on which a receiver wrote down a line whose own stamp may
    have no year. ``repeated`` is the physical line, if it says how often the line that
    is read was repeated.
    """

    body_at: int
    stamp: str | None = None
    level: str | None = None
    host: str | None = None
    program: str | None = None
    priority: int | None = None
    around: str | None = None
    repeated: bytes | None = None


class LogBegun(NamedTuple):
    """A log file was opened by the appliance."""


class LogVersion(NamedTuple):
    """Software version and serial number, second line of every native file."""

    version: str
    serial: str


class LogOffset(NamedTuple):
    """``Time offset from UTC`` in seconds: local time = UTC + offset."""

    seconds: int


class InboundResult(NamedTuple):
    """One SMTP AUTH attempt of a client, with its verdict."""

    icid: str
    outcome: Outcome
    user: str
    mechanism: str
    profile: str


class OutboundResult(NamedTuple):
    """One SMTP AUTH attempt of the appliance against another server."""

    dcid: str
    address: str
    profile: str
    outcome: Outcome
    code: str | None = None
    reason: str | None = None


class AuthNotice(NamedTuple):
    """Something about AUTH that is not the verdict on an attempt.

    ``code`` is the message's name in IronPort's catalogue (spamtowho source).
    """

    code: str
    icid: str | None = None
    user: str | None = None
    profile: str | None = None
    server: str | None = None
    reason: str | None = None


class AdminLogin(NamedTuple):
    """One attempt to log in to the appliance itself, with its verdict.

    ``address`` is the client's, ``server`` the appliance's own; ``interface``,
    ``privilege`` and ``method`` are the words of the line.
    """

    code: str
    outcome: Outcome
    user: str
    address: str | None = None
    interface: str | None = None
    privilege: str | None = None
    method: str | None = None
    server: str | None = None
    reason: str | None = None


class AdminLogout(NamedTuple):
    """Somebody's session on the appliance itself ended; ``user`` None: not said."""

    code: str
    user: str | None
    address: str | None = None
    interface: str | None = None
    server: str | None = None
    reason: str | None = None


def masked(name: str) -> bool:
    """Whether the appliance itself wrote asterisks in place of a name."""
    return bool(name) and not name.strip("*")


class InboundOpened(NamedTuple):
    """A client connected."""

    icid: str
    interface: str
    interface_ip: str | None
    address: str
    reverse_dns: str | None = None
    verified: bool | None = None


class HatDecision(NamedTuple):
    """The Host Access Table chose a sender group and an action."""

    icid: str
    action: str | None = None
    sender_group: str | None = None
    match: str | None = None
    sbrs: str | None = None
    country: str | None = None


class Tls(NamedTuple):
    """A TLS negotiation ended; ``established`` None: nobody can tell how."""

    side: Side
    number: str
    established: bool | None
    protocol: str | None = None
    cipher: str | None = None


class InboundAddress(NamedTuple):
    """A line inside a session that repeats the client's address."""

    icid: str
    address: str


class SessionLost(NamedTuple):
    """The peer went away; ``close`` follows."""

    icid: str


class SessionClosed(NamedTuple):
    """The last line of a session."""

    side: Side
    number: str


class MessageStarted(NamedTuple):
    """A message was begun inside a session."""

    mid: str
    icid: str


class SenderGiven(NamedTuple):
    """MAIL FROM of a message."""

    mid: str
    icid: str


class RecipientGiven(NamedTuple):
    """RCPT TO of a message; refused recipients have no RID."""

    mid: str
    icid: str
    accepted: bool


class MessageReady(NamedTuple):
    """The appliance has taken the whole message."""

    mid: str


class MessageAborted(NamedTuple):
    """The message was given up before or after it was taken."""

    mid: str


class OutboundOpened(NamedTuple):
    """The appliance connected to another server; the interface may be a name."""

    dcid: str
    interface: str
    address: str
    port: int | None = None


class DeliveryStarted(NamedTuple):
    """A message is being handed over."""

    dcid: str
    recipients: int


class Delivered(NamedTuple):
    """The other server took the message for so many recipients."""

    dcid: str
    recipients: int


class Bounced(NamedTuple):
    """One recipient was refused for good."""

    dcid: str
    code: str | None = None
    reason: str | None = None


class Delayed(NamedTuple):
    """One recipient was refused for now."""

    dcid: str


class ConnectionFailed(NamedTuple):
    """The connection to another server broke or was never made."""

    dcid: str


class Passed(NamedTuple):
    """A session line that is known and says nothing we keep."""


class Unread(NamedTuple):
    """No rule reads the line; ``auth_like`` if it looks like the AUTH family."""

    auth_like: bool


Fact: TypeAlias = (
    LogBegun
    | LogVersion
    | LogOffset
    | InboundResult
    | OutboundResult
    | AuthNotice
    | AdminLogin
    | AdminLogout
    | InboundOpened
    | HatDecision
    | Tls
    | InboundAddress
    | SessionLost
    | SessionClosed
    | MessageStarted
    | SenderGiven
    | RecipientGiven
    | MessageReady
    | MessageAborted
    | OutboundOpened
    | DeliveryStarted
    | Delivered
    | Bounced
    | Delayed
    | ConnectionFailed
    | Passed
)

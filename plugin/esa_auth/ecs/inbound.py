"""Which places differ in the events of plain inbound sessions; see `ecs.templates`."""

from typing import Literal, NamedTuple

from esa_auth.ecs.events import result_event
from esa_auth.ecs.session import session_end_event
from esa_auth.ecs.templates import Event, Layout, Path, joined
from esa_auth.model.facts import HatDecision, InboundOpened, InboundResult, Instant, Tls
from esa_auth.model.session import Observer, Session, Source

_VALUES: dict[str, tuple[Path, ...]] = {
    "time": (("@timestamp",),),
    "id": (("event", "id"),),
    "sequence": (("event", "sequence"),),
    "hash": (("event", "hash"),),
    "original": (("event", "original"),),
    "message": (("message",),),
    "users": (("related", "user"),),
    "user": (("user",),),
    "number": (("cisco_esa", "icid"),),
    "session": (("cisco_esa", "session", "id"),),
    "address": (
        ("related", "ip", 0),
        ("source", "address"),
        ("source", "ip"),
        ("client", "address"),
        ("client", "ip"),
    ),
    "name": (
        ("related", "hosts", 1),
        ("cisco_esa", "reverse_dns", "name"),
        ("source", "domain"),
        ("client", "domain"),
    ),
    "start": (("event", "start"),),
    "end": (("event", "end"),),
    "duration": (("event", "duration"),),
    "attempts": (("cisco_esa", "summary", "attempts"),),
    "failures": (("cisco_esa", "summary", "failures"),),
    "names": (("cisco_esa", "summary", "users"),),
    "messages": (("cisco_esa", "summary", "messages"),),
    "recipients": (("cisco_esa", "summary", "recipients"),),
}

_FRAGMENTS: dict[str, tuple[Path, ...]] = {
    "listener": (
        ("observer",),
        ("related", "hosts", 0),
        ("related", "ip", 1),
        ("destination",),
        ("server",),
    ),
    "hat": (("cisco_esa", "policy"), ("rule",)),
    "tls": (("tls",),),
    "head": (("event", "provider"), ("event", "timezone"), ("log",)),
    "auth": (("cisco_esa", "auth"),),
    "flags": (("cisco_esa", "flags"),),
}

_OPTIONAL: frozenset[Path] = frozenset(
    {
        ("log",),
        ("related", "ip", 1),
        ("destination",),
        ("server",),
        ("cisco_esa", "policy"),
        ("rule",),
        ("tls",),
        ("cisco_esa", "auth"),
        ("cisco_esa", "flags"),
    }
)
TIME = Instant(1_782_864_000, "2026-07-01T00:00:00.000Z", "UTC")
_OBSERVER = Observer("esa01", "1", "2")
# The dummy address of RFC 7600 and one to be discarded (RFC 6666): no interface has
# them, which would be told once for both ends.
_ADDRESS, _ADDRESS_6 = "192.0.0.8", "100::8"
_OTHER_ADDRESS = "192.0.2.3"
SOURCE = Source(
    b"x", "x", TIME, _OBSERVER, "x" * 22, "info", "p", 22, "h", ("ambiguous_user",)
)


class Shape(NamedTuple):
    """What an event has fields for: all that a template is made for.

    ``outcome`` is "" for the end of a session. ``user`` says whether the event names
    one, ``admitted`` whether a HAT line was seen; the rest is of the opening line.
    """

    outcome: Literal["success", "failure", ""]
    user: bool
    admitted: bool
    verified: bool = True
    named: bool = True
    six: bool = False

    @property
    def kind(self) -> "Shape":
        """The shape that stands for all that differ from it in their client alone."""
        return Shape(self.outcome, self.user, self.admitted)


class Known(NamedTuple):
    """Facts that decide about fragments; see `_FRAGMENTS` for what each is for."""

    source: Source = SOURCE
    interface: str = "Data 1"
    interface_ip: str | None = "192.0.2.2"
    hat: HatDecision | None = HatDecision("1", "A", "B", "C", "1.0", "D")
    tls: Tls | None = Tls("icid", "1", True, "TLSv1.3", "E")
    mechanism: str = "PLAIN"
    profile: str = "p"


def _event(shape: Shape, known: Known | None) -> Event:
    about = known or Known()
    session = Session("icid", "1", TIME)
    address = _ADDRESS_6 if shape.six else _ADDRESS
    if address == about.interface_ip:
        # It would be told once for both.
        address = _OTHER_ADDRESS
    name = "n" if shape.named else None
    session.opening = InboundOpened(
        "1", about.interface, about.interface_ip, address, name, shape.verified
    )
    session.hat, session.tls = about.hat if shape.admitted else None, about.tls
    if shape.outcome:
        mechanism, profile = about.mechanism, about.profile
        fact = InboundResult("1", shape.outcome, "x", mechanism, profile)
        return joined(result_event(fact, session, about.source, 1))
    session.attempts, session.users = 1, {"x": None}
    session.last_success = "x" if shape.user else None
    return joined(session_end_event(session, about.source, 1, closed=True))


def _fullest(family: str, known: Known) -> Shape:
    return Shape("failure", user=True, admitted=known.hat is not None)


INBOUND = Layout(_VALUES, _FRAGMENTS, _OPTIONAL, _event, _fullest)

"""Which places differ in the events of plain outbound sessions; see `ecs.templates`."""

from typing import Literal, NamedTuple, TypeAlias

from esa_auth.ecs.events import result_event
from esa_auth.ecs.inbound import SOURCE, TIME
from esa_auth.ecs.session import session_end_event
from esa_auth.ecs.templates import Event, Layout, Path, joined
from esa_auth.model.facts import OutboundOpened, OutboundResult, Tls
from esa_auth.model.session import Session, Source

Bounce: TypeAlias = tuple[str | None, str | None]

_VALUES: dict[str, tuple[Path, ...]] = {
    "time": (("@timestamp",),),
    "id": (("event", "id"),),
    "sequence": (("event", "sequence"),),
    "hash": (("event", "hash"),),
    "original": (("event", "original"),),
    "message": (("message",),),
    "number": (("cisco_esa", "dcid"),),
    "session": (("cisco_esa", "session", "id"),),
    "address": (
        ("related", "ip", 1),
        ("destination", "address"),
        ("destination", "ip"),
        ("server", "address"),
        ("server", "ip"),
    ),
    "start": (("event", "start"),),
    "end": (("event", "end"),),
    "duration": (("event", "duration"),),
    "attempts": (("cisco_esa", "summary", "attempts"),),
    "failures": (("cisco_esa", "summary", "failures"),),
    "delivered": (("cisco_esa", "summary", "delivered"),),
    "bounced": (("cisco_esa", "summary", "bounced"),),
    "delayed": (("cisco_esa", "summary", "delayed"),),
    "errors": (("cisco_esa", "summary", "connection_errors"),),
}

_FRAGMENTS: dict[str, tuple[Path, ...]] = {
    "egress": (
        ("observer",),
        ("related", "hosts", 0),
        ("related", "ip", 0),
        ("source",),
        ("client",),
        ("destination", "port"),
        ("server", "port"),
    ),
    "tls": (("tls",),),
    "head": (("event", "provider"), ("event", "timezone"), ("log",)),
    "flags": (("cisco_esa", "flags"),),
    "bounce": (("cisco_esa", "summary", "bounce"),),
    "reply": (("cisco_esa", "auth"), ("event", "reason"), ("error",)),
}

_OPTIONAL: frozenset[Path] = frozenset(
    {
        ("log",),
        ("destination", "port"),
        ("server", "port"),
        ("tls",),
        ("cisco_esa", "flags"),
        ("cisco_esa", "summary", "bounce"),
        ("event", "reason"),
        ("error",),
    }
)
# As those of clients in `ecs.inbound`.
_ADDRESS, _ADDRESS_6 = "192.0.0.8", "100::8"
_OTHER_ADDRESS = "192.0.2.3"


class ServerShape(NamedTuple):
    """What an event has fields for; ``outcome`` is "" for the end of a session."""

    outcome: Literal["success", "failure", ""]
    six: bool = False

    @property
    def kind(self) -> "ServerShape":
        """The shape that stands for all that differ from it in their server alone."""
        return ServerShape(self.outcome)


class KnownOfServer(NamedTuple):
    """Facts that decide about fragments; see `_FRAGMENTS` for what each is for."""

    source: Source = SOURCE
    interface: str = "192.0.2.2"
    port: int | None = 25
    tls: Tls | None = Tls("dcid", "1", True, "TLSv1.3", "E")
    profile: str = "p"
    code: str | None = "535"
    reason: str | None = "x"
    bounce: Bounce | None = ("550", "x")


def _event(shape: ServerShape, known: KnownOfServer | None) -> Event:
    about = known or KnownOfServer()
    session = Session("dcid", "1", TIME)
    address = _ADDRESS_6 if shape.six else _ADDRESS
    if address == about.interface:
        # It would be told once for both.
        address = _OTHER_ADDRESS
    session.opening = OutboundOpened("1", about.interface, address, about.port)
    session.tls = about.tls
    if shape.outcome:
        code, reason = about.code, about.reason
        if shape.outcome == "success":
            code = reason = None
        fact = OutboundResult("1", address, about.profile, shape.outcome, code, reason)
        return joined(result_event(fact, session, about.source, 1))
    session.attempts, session.bounce = 1, about.bounce
    return joined(session_end_event(session, about.source, 1, closed=True))


def _fullest(family: str, known: KnownOfServer) -> ServerShape:
    return ServerShape("" if family == "bounce" else "failure")


OUTBOUND = Layout(_VALUES, _FRAGMENTS, _OPTIONAL, _event, _fullest)

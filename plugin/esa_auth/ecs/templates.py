"""Events of plain inbound sessions as text with gaps.

`ecs.events` is the only description of an event. Here it builds one sample of each
shape; marks are put in the places that differ from event to event, and orjson writes
it. The text between the marks is the template.

A place holds a *value*, which is another one in nearly every event, or a *fragment*,
which has few different texts and is made by `ecs.events`, too.
"""

import re
from operator import itemgetter
from typing import Any, Literal, NamedTuple, TypeAlias

import orjson

from esa_auth.ecs.events import result_event
from esa_auth.ecs.session import session_end_event
from esa_auth.model.facts import HatDecision, InboundOpened, InboundResult, Instant, Tls
from esa_auth.model.session import Observer, Session, Source

Path: TypeAlias = tuple[str | int, ...]
Event: TypeAlias = dict[str, Any]

# The places of the values, in the order in which a caller gives these.
VALUES: dict[str, tuple[Path, ...]] = {
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

# What decides about a fragment -> the places of its texts, which stand behind those of
# the values, in this order.
FRAGMENTS: dict[str, tuple[Path, ...]] = {
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

# Fragments that an event may lack; their text has the comma and the key before it.
OPTIONAL: frozenset[Path] = frozenset(
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
_TEXTS = [*VALUES.values(), *((p,) for places in FRAGMENTS.values() for p in places)]
# Place -> the number of its text.
NUMBERS = {place: number for number, at in enumerate(_TEXTS) for place in at}

# Private characters, so that they stand for themselves in JSON; "o" if optional.
_MARK = re.compile('(?:,(?:"[a-z_]+":)?(?="\ue000o))?"\ue000[ov]([0-9]+)\ue001"')
_TIME = Instant(1_782_864_000, "2026-07-01T00:00:00.000Z", "UTC")
_OBSERVER = Observer("esa01", "1", "2")
# The dummy address of RFC 7600 and one to be discarded (RFC 6666): no interface has
# them, which would be told once for both ends.
_ADDRESS, _ADDRESS_6 = "192.0.0.8", "100::8"
_OTHER_ADDRESS = "192.0.2.3"
_SOURCE = Source(
    b"x", "x", _TIME, _OBSERVER, "x" * 22, "info", "p", 22, "h", ("ambiguous_user",)
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
    """Facts that decide about fragments; see `FRAGMENTS` for what each is for."""

    source: Source = _SOURCE
    interface: str = "Data 1"
    interface_ip: str | None = "192.0.2.2"
    hat: HatDecision | None = HatDecision("1", "A", "B", "C", "1.0", "D")
    tls: Tls | None = Tls("icid", "1", True, "TLSv1.3", "E")
    mechanism: str = "PLAIN"
    profile: str = "p"


class Template:
    """The text of events of one shape; `event` is the sample that it was cut from."""

    def __init__(self, shape: Shape) -> None:
        self.event = sample(shape)
        self.places = [
            place for place in NUMBERS if part(self.event, place) is not None
        ]
        pieces = _MARK.split(_marked(self.event, self.places))
        self.literals = (*pieces[:-1:2], f"{pieces[-1]}\n")
        # Between two literals: which of the texts.
        self.slots = tuple(map(int, pieces[1::2]))
        self._choose = itemgetter(*self.slots)
        self._format = "%s".join(text.replace("%", "%%") for text in self.literals)

    def fill(self, texts: tuple[object, ...]) -> bytes:
        """Return the event with these texts of values and fragments, as JSON."""
        text: str = self._format % self._choose(texts)
        return text.encode()


def sample(shape: Shape) -> Event:
    """Return an event of ``shape`` that has all that such an event can have."""
    # Copied, so that no part of it is another's.
    return dict(orjson.loads(orjson.dumps(_event(shape, Known()))))


def _event(shape: Shape, about: Known) -> Event:
    """Return an event of ``shape`` with these facts."""
    session = Session("icid", "1", _TIME)
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
        document = result_event(fact, session, about.source, 1)
    else:
        session.attempts, session.users = 1, {"x": None}
        session.last_success = "x" if shape.user else None
        document = session_end_event(session, about.source, 1, closed=True)
    return {**document.own, **document.context.parts}


def part(event: Event, place: Path) -> Any:
    """Return what ``event`` has in ``place``; None if it has not."""
    node: Any = event
    for step in place:
        if isinstance(step, int):
            node = node[step] if step < len(node) else None
        else:
            node = node.get(step)
        if node is None:
            return None
    return node


def with_parts(event: Event, parts: dict[Path, Any]) -> Event:
    """Return ``event`` with these parts in their places; None takes one away."""
    changed = orjson.loads(orjson.dumps(event))
    for place, value in parts.items():
        node = part(changed, place[:-1])
        if value is not None:
            node[place[-1]] = value
        elif part(changed, place) is not None:
            del node[place[-1]]
    return dict(changed)


def known_parts(known: Known, family: str) -> dict[Path, Any]:
    """Return the parts of a fragment that these facts make, not to be changed."""
    event = _event(Shape("failure", user=True, admitted=known.hat is not None), known)
    return {place: part(event, place) for place in FRAGMENTS[family]}


def text_of(place: Path, value: Any) -> str:
    """Return a part of an event as the text that stands in ``place``."""
    if value is None:
        return ""
    text = orjson.dumps(value).decode()
    if place not in OPTIONAL:
        return text
    return f",{text}" if isinstance(place[-1], int) else f',"{place[-1]}":{text}'


def _marked(event: Event, places: list[Path]) -> str:
    """Return the text of ``event`` with a mark in each place."""
    marks = {
        place: f"\ue000{'o' if place in OPTIONAL else 'v'}{NUMBERS[place]}\ue001"
        for place in places
    }
    return orjson.dumps(with_parts(event, marks)).decode()

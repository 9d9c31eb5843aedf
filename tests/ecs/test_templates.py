"""A filled template is the event that the stage makes of the facts, byte for byte."""

from functools import cache
from itertools import product
from typing import Literal

import orjson
import pytest

from esa_auth.ecs import result_event, session_end_event
from esa_auth.ecs.inbound import INBOUND, Shape
from esa_auth.ecs.outbound import OUTBOUND, ServerShape
from esa_auth.ecs.templates import Event, Layout, Template, joined, part
from esa_auth.model.facts import (
    Fact,
    HatDecision,
    InboundOpened,
    InboundResult,
    Instant,
    OutboundOpened,
    OutboundResult,
    Tls,
)
from esa_auth.model.session import Observer, Session, Source

FIRST = Instant(1_776_852_000, "2026-04-22T10:00:00.000Z", "Europe/Berlin")
LATER = Instant(1_776_852_062, "2026-04-22T10:01:02.000Z", "Europe/Berlin")
ESA = Observer("esa7.example.com", "15.0.1-030", "564D0A1B2C3D-0123456789AB")
LINE = Source(b"l%s", "%s", LATER, ESA, "k" * 22, "warning", "auth", 30, "relay")
LINES = [
    LINE,
    LINE._replace(level=None, program=None, priority=None, syslog_host=None),
    LINE._replace(flags=("repeated",)),
    LINE._replace(instant=LATER._replace(flags=("assumed_utc",))),
    LINE._replace(observer=Observer("esa8")),
]
ENCRYPTED = [
    None,
    Tls("icid", "7", True, "TLSv1.2", 'E"%s'),
    Tls("icid", "7", True),
    Tls("icid", "7", False, "TLSv1.3"),
    Tls("icid", "7", None),
]
SCORES = [
    HatDecision("7", "RELAY", 'P"%s', "198.51.100.0/24", "-2.5", "Norway"),
    HatDecision("7", "ACCEPT", "ALL", "ALL", "None"),
    HatDecision("7", "REJECT"),
]
OUTCOMES: tuple[Literal["success", "failure"], ...] = ("success", "failure")
SIX = {True: "2001:db8::%d", False: "198.51.100.%d"}


def texts(layout: Layout, event: Event) -> tuple[str, ...]:
    """Return what stands in the places of ``event``, in the order of the layout."""
    found = []
    for places in layout.values.values():
        told = (part(event, place) for place in places)
        value = next((one for one in told if one is not None), None)
        found.append(orjson.dumps(value).decode())
    for places in layout.fragments.values():
        found += [layout.text_of(place, part(event, place)) for place in places]
    return tuple(found)


template = cache(Template)


def assert_filled(layout: Layout, shape: Shape | ServerShape, event: Event) -> None:
    assert (
        template(layout, shape).fill(texts(layout, event))
        == orjson.dumps(event) + b"\n"
    )


def session(opening: InboundOpened | OutboundOpened, *facts: Fact | None) -> Session:
    inbound = isinstance(opening, InboundOpened)
    made = Session("icid" if inbound else "dcid", "70123", FIRST)
    for fact in (opening, *facts):
        if fact is not None:
            made.fold(fact)
    return made


@pytest.mark.parametrize("six", SIX)
@pytest.mark.parametrize(("named", "verified"), [*product((True, False), repeat=2)])
@pytest.mark.parametrize("interface", ["192.0.2.1", None])
def test_inbound(
    *, six: bool, named: bool, verified: bool, interface: str | None
) -> None:
    name = "c.example" if named else None
    opening = InboundOpened("7", "Data 2", interface, SIX[six] % 7, name, verified)
    for line, tls, hat in product(LINES, ENCRYPTED, [*SCORES, None]):
        open_one = session(opening, tls, hat)
        result = InboundResult("7", "success", "ann@example.com", "LOGIN", "%s")
        for outcome in OUTCOMES:
            event = joined(
                result_event(result._replace(outcome=outcome), open_one, line, 12)
            )
            shape = Shape(outcome, True, hat is not None, verified, named, six)
            assert_filled(INBOUND, shape, event)
        for user in (True, False):
            open_one = session(opening, tls, hat)
            open_one.fold_result(result._replace(outcome=OUTCOMES[not user]))
            open_one.messages = 3
            event = joined(session_end_event(open_one, line, 13, closed=True))
            shape = Shape("", user, hat is not None, verified, named, six)
            assert_filled(INBOUND, shape, event)


@pytest.mark.parametrize("six", SIX)
@pytest.mark.parametrize("port", [587, None])
def test_outbound(*, six: bool, port: int | None) -> None:
    address = SIX[six] % 25
    opening = OutboundOpened("7", "192.0.2.1", address, port)
    result = OutboundResult("7", address, 'r"%s', "failure", "535", '"%s"')
    for line, tls in product(LINES, ENCRYPTED):
        told = tls and tls._replace(side="dcid")
        for fact in (
            result._replace(outcome="success", code=None, reason=None),
            result,
            result._replace(code=None),
            result._replace(code=None, reason=None),
        ):
            event = joined(result_event(fact, session(opening, told), line, 12))
            assert_filled(OUTBOUND, ServerShape(fact.outcome, six), event)
        for bounce in (None, ("550", "%s"), (None, "x")):
            ended = session(opening, told)
            ended.fold_result(result)
            ended.bounce, ended.delivered = bounce, 4
            event = joined(session_end_event(ended, line, 13, closed=True))
            assert_filled(OUTBOUND, ServerShape("", six), event)

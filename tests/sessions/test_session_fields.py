"""Every field of a session is there after a stop and a start."""

import inspect
from typing import Any

import msgpack
import pytest

from esa_auth.model.facts import (
    HatDecision,
    InboundOpened,
    Instant,
    OutboundOpened,
    Tls,
)
from esa_auth.model.session import Session
from esa_auth.pipeline.ledger import Ledger
from esa_auth.sessions import Table
from tests.support.harness import (
    Event,
    inbound,
    made,
    native,
    taken,
)

INSTANTS = [
    Instant(n, f"2009-04-22T11:00:{n % 60:02d}.000Z", "UTC", ("assumed_utc",))
    for n in range(1_240_398_000, 1_240_398_003)
]
# Another value than the default, for each field of the class that one can be told of.
OTHER: dict[str, Any] = {
    "opened": INSTANTS[0],
    "first": INSTANTS[1],
    "last": INSTANTS[2],
    "hat": HatDecision("450", "ACCEPT", "TRUSTED", "ALL", "9.9", "Germany"),
    "tls": Tls("icid", "450", True, "TLSv1.3", "CIPHER"),
    "bounce": ("5.1.1", "no such user"),
    "users": {"ann": None, "bob": None},
}
OPENINGS = {
    "icid": InboundOpened("450", "Data 1", "192.0.2.1", "198.51.100.7", "h", True),
    "dcid": OutboundOpened("450", "192.0.2.1", "198.51.100.7", 25),
}
# What a session is called by, and its open messages, which are saved by themselves.
NO_FIELDS = {"side", "number", "mids"}


def fields() -> list[str]:
    """Return the names of all fields, of the class and of what `__init__` sets."""
    new = Session("icid", "450", INSTANTS[0])
    own = {n for n, v in vars(Session).items() if not n.startswith("_")}
    methods = {
        n
        for n, v in inspect.getmembers(Session)
        if callable(v) or isinstance(v, property)
    }
    return sorted((own | set(vars(new))) - methods - NO_FIELDS)


def other(name: str, side: str) -> Any:
    if name in OTHER:
        return OTHER[name]
    if name == "opening":
        return OPENINGS[side]
    default = getattr(Session("icid", "450", INSTANTS[0]), name)
    return {bool: True, int: 7, str: "text", type(None): "text"}[type(default)]


def table_of(pipeline: Any, side: str) -> Table:
    appliance = pipeline.registry.named("esa")
    table: Table = appliance.inbound if side == "icid" else appliance.outbound
    return table


@pytest.mark.parametrize("side", ["icid", "dcid"])
@pytest.mark.parametrize("name", fields())
def test_a_field_is_kept_over_a_restart(name: str, side: str) -> None:
    first = made()
    session = Session("icid" if side == "icid" else "dcid", "450", INSTANTS[0])
    setattr(session, name, other(name, side))
    table_of(first, side).live[b"450"] = session
    saved = msgpack.unpackb(msgpack.packb(first.snapshot()), strict_map_key=False)
    second = made()
    second.restore(saved)
    assert getattr(table_of(second, side).live[b"450"], name) == other(name, side)


@pytest.mark.parametrize("side", ["icid", "dcid"])
@pytest.mark.parametrize("name", fields())
def test_a_field_is_kept_over_a_commit(name: str, side: str) -> None:
    first = made()
    session = Session("icid" if side == "icid" else "dcid", "450", INSTANTS[0])
    setattr(session, name, other(name, side))
    table_of(first, side).live[b"450"] = session
    written = dict(Ledger(first.registry.named("esa")).changes())
    second = made()
    Ledger(second.registry.named("esa")).restore(written.get)
    assert getattr(table_of(second, side).live[b"450"], name) == other(name, side)


def test_the_fields_are_those_of_the_class() -> None:
    assert {"first", "users", "connection_errors", "conflict"} <= set(fields())


def test_what_waits_is_of_the_same_session_after_a_restart() -> None:
    """The counts go on where they were."""
    whole, cut = made(), made()
    lines = [native(inbound(outcome="failed"), n) for n in range(4)]
    whole.feed(lines)
    whole.drain()
    cut.feed(lines[:2])
    events: list[Event] = taken(cut)
    again = made()
    again.restore(cut.snapshot())
    again.feed(lines[2:])
    again.drain()
    assert [*events, *taken(again)] == taken(whole)

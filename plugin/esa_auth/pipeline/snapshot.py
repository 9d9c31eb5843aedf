"""A pipeline's memory as plain data: what a restart takes up where it was left."""

from collections.abc import Callable, Iterator, Set
from typing import Any

import msgpack

from esa_auth.model.facts import (
    Envelope,
    HatDecision,
    InboundOpened,
    Instant,
    OutboundOpened,
    Tls,
)
from esa_auth.model.session import Observer, Session
from esa_auth.pipeline.appliance import Appliance, Odd
from esa_auth.pipeline.waiting import Waiting
from esa_auth.privacy import REDACTED
from esa_auth.rows import Rows, taken
from esa_auth.sessions import Table

_COUNTS = (
    "address",
    "first_event_id",
    "sequence",
    "attempts",
    "failures",
    "last_success",
    "messages",
    "recipients",
    "delivered",
    "bounced",
    "delayed",
    "connection_errors",
)
# Of a state that an earlier version wrote they are missing.
_MARKS = ("conflict", "disowned")


# How the rows of a large table are given: as they are made, or as a list.
Give = Callable[[Rows], Any]


def save_appliance(appliance: Appliance, give: Give = list) -> dict[str, Any]:
    """Return all of ``appliance`` that its next lines depend on."""
    observer = appliance.observer
    # Nothing for those who do not wait: an earlier version can read it, too.
    waiting = appliance.waiting
    held = {"held": save_held(appliance, waiting.sessions)} if waiting else {}
    odd = {"odd": [list(line) for line in appliance.odd]} if appliance.odd else {}
    return {
        **held,
        **odd,
        "observer": [observer.version, observer.serial],
        "clock": appliance.clock.snapshot(),
        "inbound": _save_table(appliance.inbound, waiting, give),
        "outbound": _save_table(appliance.outbound, waiting, give),
        "messages": give(Rows(len(appliance.messages), appliance.messages.snapshot)),
        "until_look": appliance.until_look,
        "series": appliance.series.snapshot(),
        "ordinals": [list(x) for x in appliance.identity.snapshot().items()],
    }


def load_appliance(appliance: Appliance, saved: dict[str, Any]) -> None:
    """Give ``appliance``, which is new, what was saved of it.

    Raises:
        ValueError, TypeError, KeyError: the data is not what `save_appliance` made.
    """
    version, serial = saved["observer"]
    appliance.observer = Observer(appliance.name, version, serial)
    appliance.clock.restore(saved["clock"])
    _load_table(appliance.inbound, saved["inbound"])
    _load_table(appliance.outbound, saved["outbound"])
    live = appliance.inbound.live
    appliance.messages.restore(
        (mid, live[number.encode()], count)
        for mid, number, count in taken(saved["messages"])
        if number.encode() in live
    )
    appliance.waiting.restore(load_held(appliance, saved.get("held", [])))
    if series := saved.get("series"):
        appliance.series.restore(series)
    appliance.odd = [
        Odd(raw, None if prefix is None else Envelope(*prefix), times, refused)
        for raw, prefix, times, refused in saved.get("odd", [])
    ]
    appliance.identity.restore(dict(saved["ordinals"]))
    # Of a state that an earlier version wrote, it is as if it had just been looked.
    look_in(appliance, saved.get("until_look", appliance.until_look))


def look_in(appliance: Appliance, connections: int) -> None:
    """Look after so many connections of ``appliance`` for what is too old.

    Raises:
        ValueError: it is no such number.
    """
    if not int(connections) > 0:
        raise ValueError(f"look in {connections} connections")
    # The cap, and with it how often is looked, may be another one than at the stop.
    appliance.until_look = min(int(connections), appliance.until_look)


def is_live(session: Session, appliance: Appliance) -> bool:
    """Return whether a session is not over."""
    table = appliance.inbound if session.side == "icid" else appliance.outbound
    return dict.get(table.live, session.number.encode()) is session


def save_held(appliance: Appliance, sessions: list[Session]) -> list[Any]:
    """Return what waits of ``sessions``, and those that are over themselves."""
    waiting, saved = appliance.waiting, []
    for session in sessions:
        over = None
        if not is_live(session, appliance):
            over = save_session(session, waiting.doubtful(session))
        saved.append([session.side, session.number, over, waiting.saved_of(session)])
    return saved


def load_held(
    appliance: Appliance, saved: list[Any]
) -> list[tuple[Session, list[Any]]]:
    """Return what `save_held` made, as `Waiting.restore` takes it."""
    found = []
    for side, number, over, rows in saved:
        table = {"icid": appliance.inbound, "dcid": appliance.outbound}[side]
        if over is None:
            session = table.live[number.encode()]
        else:
            session = load_session(table, number.encode(), over)
        found.append((session, rows))
    return found


def _save_table(table: Table, waiting: Waiting, give: Give) -> dict[str, Any]:
    def live() -> Iterator[list[Any]]:
        # Packed one by one: as maps, a hundred thousand of them would for the time of
        # a save take several times the memory of the sessions themselves.
        for number, session in table.live.items():
            saved = save_session(session, waiting.doubtful(session))
            yield [number, msgpack.packb(saved)]

    return {"kept": table.kept, "live": give(Rows(len(table.live), live))}


def _load_table(table: Table, saved: dict[str, Any]) -> None:
    table.kept.update(saved["kept"])
    for number, session in taken(saved["live"]):
        table.live[number] = load_session(table, number, msgpack.unpackb(session))


def save_session(session: Session, doubtful: Set[str]) -> dict[str, Any]:
    """Return all of ``session`` but its open messages, and names that may be secret."""
    saved: dict[str, Any] = {
        name: getattr(session, name) for name in (*_COUNTS, *_MARKS)
    }
    for name in ("first", "opened", "last", "opening", "hat", "tls", "bounce"):
        value = getattr(session, name)
        saved[name] = None if value is None else list(value)
    saved["users"] = [REDACTED if u in doubtful else u for u in session.users]
    return saved


def load_session(table: Table, number: bytes, saved: dict[str, Any]) -> Session:
    """Return session ``number`` of ``table`` as it was saved.

    Raises:
        ValueError, TypeError, KeyError: the data is not what `save_session` made.
    """

    def instant(value: list[Any] | None) -> Instant | None:
        return (
            None
            if value is None
            else Instant(value[0], value[1], value[2], tuple(value[3]))
        )

    first = instant(saved["first"])
    if first is None:
        raise ValueError("a session without its first line")
    session = Session(table.side, number.decode(), first)
    session.opened = instant(saved["opened"])
    session.last = instant(saved["last"])
    opening, hat, tls = saved["opening"], saved["hat"], saved["tls"]
    if opening is not None:
        kind = InboundOpened if table.side == "icid" else OutboundOpened
        session.opening = kind(*opening)
    session.hat = None if hat is None else HatDecision(*hat)
    session.tls = None if tls is None else Tls(*tls)
    session.bounce = None if saved["bounce"] is None else tuple(saved["bounce"])
    session.users = dict.fromkeys(saved["users"])
    for name in _COUNTS:
        setattr(session, name, saved[name])
    for name in _MARKS:
        setattr(session, name, bool(saved.get(name)))
    return session

"""Reads what `pipeline.entries` made, and fills a new appliance with it."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, get_type_hints

import msgpack

from esa_auth.fields import Read, fields_of, read, reader
from esa_auth.model.facts import (
    AuthNotice,
    InboundOpened,
    InboundResult,
    OutboundOpened,
    OutboundResult,
    Side,
)
from esa_auth.model.session import Observer, Session
from esa_auth.pipeline.appliance import Appliance, looks_in
from esa_auth.pipeline.entries import (
    APART,
    CONNECTION,
    HEAD,
    HELD,
    ORDINALS,
    Connection,
    Head,
    HeldEvent,
    HeldSession,
)
from esa_auth.pipeline.waiting import Held, SessionEnd, SessionProgress
from esa_auth.sessions.table import began_at

#: Told of each connection that was loaded: side, number, n of its entry, order.
Placed = Callable[[Side, bytes, int, int], None]

_FACTS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        InboundResult,
        OutboundResult,
        AuthNotice,
        SessionEnd,
        SessionProgress,
    )
}


def load(
    appliance: Appliance,
    entries: Iterable[tuple[str, bytes]],
    placed: Placed | None = None,
) -> Head:
    """Fill ``appliance``, which is new, from all its entries; return the `Head`.

    Raises:
        ValueError, LookupError: the entries are not those of an appliance.
    """
    head, held, ordinals = None, None, {}
    connections = []
    for name, value in entries:
        kind, number = name[:1], name[1:]
        if name == HEAD:
            head = read(Head, unpacked(value))
        elif name == HELD:
            held = value
        elif kind == ORDINALS:
            ordinals[int(number)] = value
        elif kind == CONNECTION:
            connections.append((_order_of(value), int(number), value))
    if head is None:
        raise ValueError("an appliance without its head")
    _load_head(appliance, head)
    _load_ordinals(appliance, ordinals)
    waiting = []
    connections.sort(reverse=True)
    while connections:
        # Let go of, one by one: their memory serves what they become.
        order, slot, value = connections.pop()
        connection = read(Connection, unpacked(value))
        waiting += _load_connection(appliance, connection)
        if placed is not None:
            placed(connection.side, connection.number, slot, order)
    for one in reader(tuple[HeldSession, ...])(unpacked(held) if held else []):
        session = load_session(one.side, one.number, one.session)
        waiting += [_waits(event, session) for event in one.held]
    appliance.waiting.restore(waiting)
    return head


def _load_ordinals(appliance: Appliance, pieces: dict[int, bytes]) -> None:
    if not pieces:
        return
    saved = unpacked(b"".join(pieces[number] for number in sorted(pieces)))
    appliance.identity.restore(reader(dict[int, dict[bytes, int]])(saved))


def load_session(side: Side, number: bytes, saved: dict[str, Any]) -> Session:
    """Return the session whose fields are ``saved``.

    Raises:
        ValueError: they are not those of a session of that side.
    """
    fields = fields_of(saved, _session_readers(side))
    if "first" not in fields:
        raise ValueError("a session without its first line")
    session = Session(side, _number(number), fields.pop("first"))
    for name, value in fields.items():
        setattr(session, name, value)
    return session


def unpacked(data: bytes) -> Any:
    """Return the value of some msgpack.

    Raises:
        ValueError: it is not one value.
    """
    try:
        return msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise ValueError(f"not msgpack: {error}") from error


def _load_head(appliance: Appliance, head: Head) -> None:
    appliance.observer = Observer(appliance.name, head.version, head.serial)
    appliance.clock.restore(head.clock)
    if head.series is not None:
        appliance.series.restore(head.series)
    appliance.odd = list(head.odd)
    appliance.until_look = looks_in(head.until_look, appliance.look_every)


def _load_connection(
    appliance: Appliance, connection: Connection
) -> list[tuple[int, Held]]:
    """Put a connection at the end of its table; return what waits of it."""
    side, number = connection.side, connection.number
    table = appliance.inbound if side == "icid" else appliance.outbound
    if connection.session is None:
        if connection.kept is None:
            raise ValueError("a connection without anything")
        # Both raise ValueError if there is something else.
        began_at(connection.kept), _number(number)
        table.kept[number] = connection.kept
        return []
    session = load_session(side, number, connection.session)
    table.live[number] = session
    appliance.messages.restore(
        (mid, session, recipients) for mid, recipients in connection.messages
    )
    return [_waits(event, session) for event in connection.held]


def _number(number: bytes) -> str:
    if not number.isdigit():
        raise ValueError("a connection without a number")
    return number.decode("ascii")


def _waits(event: HeldEvent, session: Session) -> tuple[int, Held]:
    fact = read(_FACTS[event.kind], event.fact)
    return event.turn, Held(fact, session, event.source, event.patience)


def _order_of(entry: bytes) -> int:
    """Return the first field of a `Connection`, and leave the rest packed."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(entry)
    try:
        unpacker.read_map_header()
        if unpacker.unpack() == "order":
            order: int = reader(int)(unpacker.unpack())
            return order
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise ValueError(f"not a connection: {error}") from error
    raise ValueError("a connection without its order")


@cache
def _session_readers(side: Side) -> dict[str, Read]:
    hints = get_type_hints(Session)
    for name in (*APART, "users"):
        del hints[name]
    hints["opening"] = (InboundOpened if side == "icid" else OutboundOpened) | None
    readers = {name: reader(hint) for name, hint in hints.items()}
    users = reader(tuple[str, ...])
    readers["users"] = lambda saved: dict.fromkeys(users(saved))
    return readers

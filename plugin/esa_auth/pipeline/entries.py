"""What is saved of an appliance: named entries, each of them bytes.

This file is the format. The same entries are in a checkpoint, in what `convert` keeps
of a run that was cut off, and in Kafka's changelog. The classes below say by name what
is in them (`esa_auth.fields`), and msgpack packs them:

==========  ===================================================================
``head``    `Head`, one for each appliance
``s<n>``    `Connection`: kept lines, or a live session
``held``    list of `HeldSession`: sessions that are over, whose events wait
``o<n>``    a piece of the ordinals (second -> digest of a line -> count)
==========  ===================================================================
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Literal, NamedTuple

import msgpack

from esa_auth.fields import plain
from esa_auth.model.facts import Side
from esa_auth.model.session import Session, Source
from esa_auth.pipeline.appliance import Appliance, Odd
from esa_auth.pipeline.waiting import Held
from esa_auth.privacy import REDACTED
from esa_auth.rows import Rows
from esa_auth.sessions import Table

#: The format of everything that is saved. It rises when a version of this program
#: could not read, or would misread, what the next one writes; a field with a default
#: that is added is not such a change (`esa_auth.fields`).
VERSION = 2

HEAD, HELD, CONNECTION, ORDINALS = "head", "held", "s", "o"
# Fields of a session that its entry has apart from the others.
APART = ("side", "number", "mids")
# The ordinals of a flood are cut here, and a piece that did not change stays as it is.
_PIECE = 1 << 17
# An earlier version did not save when it would look: it is as if it had just done so.
NOT_SOON = 1 << 30


class Head(NamedTuple):
    """An appliance, but for its connections.

    ``until_look`` is in connections; ``clock`` and ``series`` are what `Clock.snapshot`
    and `Series.snapshot` give. ``order`` is the highest one given to a connection,
    ``slots`` counts the ``s<n>`` ever used, ``pieces`` the ``o<n>``.
    """

    clock: dict[str, int | None]
    until_look: int = NOT_SOON
    series: dict[str, int] | None = None
    version: str | None = None
    serial: str | None = None
    odd: tuple[Odd, ...] = ()
    order: int = 0
    slots: int = 0
    pieces: int = 0


class OpenMessage(NamedTuple):
    """A message that a live session began."""

    mid: bytes
    recipients: int = 0


class HeldEvent(NamedTuple):
    """An event that waits; ``turn`` is its place among all of its appliance."""

    turn: int
    kind: Literal[
        "InboundResult", "OutboundResult", "AuthNotice", "SessionEnd", "SessionProgress"
    ]
    fact: dict[str, Any]
    source: Source
    patience: int = 0


class Connection(NamedTuple):
    """An open connection: ``kept`` lines, or the fields of a live ``session``.

    Those of a lower ``order`` stand before it in its table. The order comes first, so
    that it can be read without the rest.
    """

    order: int
    side: Side
    number: bytes
    kept: bytes | None = None
    session: dict[str, Any] | None = None
    messages: tuple[OpenMessage, ...] = ()
    held: tuple[HeldEvent, ...] = ()


class HeldSession(NamedTuple):
    """A session that is over, and its events that wait."""

    side: Side
    number: bytes
    session: dict[str, Any]
    held: tuple[HeldEvent, ...]


def all_entries(appliance: Appliance) -> Rows:
    """Return (name, bytes) of all entries, made one by one while they are read."""
    pieces, held = ordinal_pieces(appliance), held_entry(appliance)
    tables = (appliance.inbound, appliance.outbound)
    count = sum(map(len, tables))

    def connections() -> Iterator[bytes]:
        order = 0
        for table in tables:
            for number in chain(table.kept, table.live):
                order += 1
                yield connection_entry(appliance, table, number, order)

    def entries() -> Iterator[tuple[str, bytes]]:
        yield HEAD, head_entry(appliance, count, count, len(pieces))
        for n, piece in enumerate(pieces):
            yield f"{ORDINALS}{n}", piece
        for n, connection in enumerate(connections()):
            yield f"{CONNECTION}{n}", connection
        if held is not None:
            yield HELD, held

    return Rows(1 + len(pieces) + count + (held is not None), entries)


def head_entry(appliance: Appliance, order: int, slots: int, pieces: int) -> bytes:
    """Return the bytes of ``appliance``'s `Head`."""
    head = Head(
        clock=appliance.clock.snapshot(),
        until_look=appliance.until_look,
        series=appliance.series.snapshot(),
        version=appliance.observer.version,
        serial=appliance.observer.serial,
        odd=tuple(appliance.odd),
        order=order,
        slots=slots,
        pieces=pieces,
    )
    return packed(plain(head))


def connection_entry(
    appliance: Appliance, table: Table, number: bytes, order: int
) -> bytes:
    """Return the bytes of the `Connection` that ``number`` of ``table`` is."""
    session = table.live.get(number)
    if session is None:
        entry = Connection(order, table.side, number, table.kept[number])
    else:
        entry = Connection(
            order,
            table.side,
            number,
            session=_session_fields(session, appliance),
            messages=tuple(OpenMessage(*m) for m in appliance.messages.of(session)),
            held=_held_events(session, appliance),
        )
    return packed(plain(entry))


def held_entry(appliance: Appliance) -> bytes | None:
    """Return the bytes of what waits of sessions that are over, if anything does."""
    over = [
        HeldSession(
            session.side,
            session.number.encode(),
            _session_fields(session, appliance),
            _held_events(session, appliance),
        )
        for session in appliance.waiting.sessions
        if not _is_live(session, appliance)
    ]
    return packed([plain(one) for one in over]) if over else None


def ordinal_pieces(appliance: Appliance) -> list[bytes]:
    """Return the ordinals, in pieces that fit into a message of Kafka."""
    seconds = appliance.identity.snapshot()
    blob = packed(seconds) if seconds else b""
    return [blob[i : i + _PIECE] for i in range(0, len(blob), _PIECE)]


def packed(value: Any) -> bytes:
    """Return ``value`` as msgpack."""
    data: bytes = msgpack.packb(value)
    return data


def _is_live(session: Session, appliance: Appliance) -> bool:
    table = appliance.inbound if session.side == "icid" else appliance.outbound
    return table.live.get(session.number.encode()) is session


def _session_fields(session: Session, appliance: Appliance) -> dict[str, Any]:
    """Return what differs from a new session, less names that may be secret."""
    saved = {name: plain(value) for name, value in vars(session).items()}
    for name in APART:
        del saved[name]
    doubtful = appliance.waiting.doubtful(session)
    saved["users"] = [REDACTED if u in doubtful else u for u in session.users]
    return saved


def _held_events(session: Session, appliance: Appliance) -> tuple[HeldEvent, ...]:
    def event(turn: int, held: Held) -> HeldEvent:
        fact = held.fact
        kind: Any = type(fact).__name__
        return HeldEvent(turn, kind, plain(fact), held.source, held.patience)

    # As it may be saved: without a name that may turn out to be a password.
    return tuple(
        event(turn, held.safe()) for turn, held in appliance.waiting.of(session)
    )

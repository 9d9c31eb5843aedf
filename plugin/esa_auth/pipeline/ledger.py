"""What of an appliance changed, in entries small enough to be written at every commit.

A snapshot grows with the open sessions; a ledger writes one entry for each session that
changed, and reads all of them back. An entry's name is used again when its session is
over, so that the names are as many as there were sessions open at once.
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar

import msgpack

from esa_auth.model.session import Observer, Session
from esa_auth.pipeline.appliance import Appliance
from esa_auth.pipeline.snapshot import (
    is_live,
    load_held,
    load_session,
    look_in,
    save_held,
    save_session,
)
from esa_auth.pipeline.watched import Watched, WatchedMessages, WatchedWaiting
from esa_auth.sessions import Table

Value = TypeVar("Value")
Read = Callable[[str], bytes | None]

_HEAD = "head"
_HELD = "held"
# The ordinals of a flood are cut here, and a piece that did not change stays as it is.
_PIECE = 1 << 17


class Ledger:
    """Watches an appliance from now on; ``changes`` gives what to write."""

    def __init__(self, appliance: Appliance) -> None:
        """Take an appliance; what it holds counts as changed."""
        self._appliance = appliance
        self._tables = (appliance.inbound, appliance.outbound)
        self._head = b""
        self._held: bytes | None = None
        self._ordinals: list[bytes] = []
        # By kind (table * 2 + live): number -> name of its entry, place in the order.
        self._slots: list[dict[bytes, int]] = [{}, {}, {}, {}]
        self._orders: list[dict[bytes, int]] = [{}, {}, {}, {}]
        self._free: list[int] = []
        self._used = 0
        self._order = 0
        self._watched = [self._watch(table) for table in self._tables]
        (_, inbound), (_, outbound) = self._watched
        appliance.messages = WatchedMessages(appliance.messages, inbound)
        live = {"icid": inbound, "dcid": outbound}
        appliance.waiting = WatchedWaiting(appliance.waiting, live)

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield (name, value) of what changed since the last call; None: it is gone."""
        changed = [
            (kind, number)
            for kind, watched in self._kinds()
            for number in self._noted(kind, watched)
        ]
        freed = {self._release(key) for key in changed if not self._holds(key)}
        written = set()
        for key in changed:
            if self._holds(key):
                slot = self._slot(key)
                written.add(slot)
                yield f"s{slot}", self._entry(key)
        for gone in freed - written - {None}:
            yield f"s{gone}", None
        yield from self._changed_held()
        yield from self._changed_ordinals()
        head = self._packed_head()
        if head != self._head:
            self._head = head
            yield _HEAD, head

    def restore(self, read: Read) -> None:
        """Give the appliance, which is new, what was written of it.

        Raises:
            ValueError, TypeError, KeyError: the entries are not what `changes` gave.
        """
        head = read(_HEAD)
        if head is None:
            return
        self._head = head
        version, serial, clock, look, *counts = _unpacked(head)
        self._order, self._used, pieces, *series = counts
        appliance = self._appliance
        appliance.observer = Observer(appliance.name, version, serial)
        appliance.clock.restore(clock)
        look_in(appliance, look)
        for saved in series:
            appliance.series.restore(saved)
        self._ordinals = [read(f"o{n}") or b"" for n in range(pieces)]
        if pieces:
            appliance.identity.restore(_unpacked(b"".join(self._ordinals)))
        self._restore_sessions(read)

    def _restore_sessions(self, read: Read) -> None:
        found = []
        for slot in range(self._used):
            entry = read(f"s{slot}")
            if entry is None:
                self._free.append(slot)
            else:
                found.append((slot, _unpacked(entry)))
        heapify(self._free)
        waiting = []
        for slot, (kind, number, order, value) in sorted(found, key=lambda x: x[1][2]):
            self._slots[kind][number] = slot
            self._orders[kind][number] = order
            table = self._tables[kind // 2]
            if kind % 2:
                # Of a session of which nothing is held, nothing is written of it.
                saved, messages, *held = value
                session = load_session(table, number, saved)
                table.live[number] = session
                self._appliance.messages.restore(
                    [(mid, session, count) for mid, count in messages]
                )
                waiting += [(session, rows) for rows in held]
            else:
                table.kept[number] = value
        if held := read(_HELD):
            self._held = held
            waiting += load_held(self._appliance, _unpacked(held))
        self._appliance.waiting.restore(waiting)
        for _, watched in self._kinds():
            watched.take()

    def _watch(self, table: Table) -> tuple[Watched[bytes], Watched[Session]]:
        kept, live = Watched(table.kept), Watched(table.live)
        table.kept, table.live = kept, live
        return kept, live

    def _kinds(self) -> Iterator[tuple[int, Watched[Any]]]:
        for index, (kept, live) in enumerate(self._watched):
            yield index * 2, kept
            yield index * 2 + 1, live

    def _noted(self, kind: int, watched: Watched[Value]) -> list[bytes]:
        touched, added = watched.take()
        for number in added:
            # In the order of the table, by which the oldest goes first.
            self._order += 1
            self._orders[kind][number] = self._order
        return touched

    def _holds(self, key: tuple[int, bytes]) -> bool:
        return key[1] in self._watched[key[0] // 2][key[0] % 2]

    def _release(self, key: tuple[int, bytes]) -> int | None:
        kind, number = key
        self._orders[kind].pop(number, None)
        slot = self._slots[kind].pop(number, None)
        if slot is not None:
            heappush(self._free, slot)
        return slot

    def _slot(self, key: tuple[int, bytes]) -> int:
        kind, number = key
        slot = self._slots[kind].get(number)
        if slot is None:
            if self._free:
                slot = heappop(self._free)
            else:
                slot, self._used = self._used, self._used + 1
            self._slots[kind][number] = slot
        return slot

    def _entry(self, key: tuple[int, bytes]) -> bytes:
        kind, number = key
        table = self._tables[kind // 2]
        value: Any
        if kind % 2:
            session = dict.__getitem__(table.live, number)
            waiting = self._appliance.waiting
            saved = save_session(session, waiting.doubtful(session))
            value = [saved, self._appliance.messages.of(session)]
            if rows := waiting.saved_of(session):
                value.append(rows)
        else:
            value = dict.__getitem__(table.kept, number)
        return _packed([kind, number, self._orders[kind][number], value])

    def _changed_held(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield what is held of sessions that are over."""
        appliance, before = self._appliance, self._held
        over = [s for s in appliance.waiting.sessions if not is_live(s, appliance)]
        self._held = _packed(save_held(appliance, over)) if over else None
        if self._held != before:
            yield _HELD, self._held

    def _changed_ordinals(self) -> Iterator[tuple[str, bytes | None]]:
        seconds = self._appliance.identity.snapshot()
        blob = _packed(seconds) if seconds else b""
        pieces = [blob[i : i + _PIECE] for i in range(0, len(blob), _PIECE)]
        before, self._ordinals = self._ordinals, pieces
        for number, piece in enumerate(pieces):
            if number >= len(before) or before[number] != piece:
                yield f"o{number}", piece
        for number in range(len(pieces), len(before)):
            yield f"o{number}", None

    def _packed_head(self) -> bytes:
        appliance = self._appliance
        observer = appliance.observer
        return _packed(
            [
                observer.version,
                observer.serial,
                appliance.clock.snapshot(),
                appliance.until_look,
                self._order,
                self._used,
                len(self._ordinals),
                appliance.series.snapshot(),
            ]
        )


def _packed(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


def _unpacked(data: bytes) -> Any:
    return msgpack.unpackb(data, strict_map_key=False)

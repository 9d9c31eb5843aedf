"""What of an appliance changed since the last commit, as entries for a changelog.

A snapshot grows with the open connections; a ledger gives one entry for each that
changed. The name of an entry is used again when its connection is over, so that there
are as many names as there were connections open at once.
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from esa_auth.fields import read as read_as
from esa_auth.model.facts import Side
from esa_auth.pipeline.appliance import Appliance
from esa_auth.pipeline.entries import (
    CONNECTION,
    HEAD,
    HELD,
    ORDINALS,
    VERSION,
    Head,
    connection_entry,
    head_entry,
    held_entry,
    ordinal_pieces,
)
from esa_auth.pipeline.loading import load, unpacked
from esa_auth.pipeline.migration import entries_of_ledger
from esa_auth.sessions import State, Table

Entry = tuple[str, bytes]
Read = Callable[[str], bytes | None]


class _Place(NamedTuple):
    """The ``n`` of a connection's entry, and its place in the order of its table."""

    slot: int
    order: int


class Ledger:
    """Watches an appliance from now on; ``changes`` gives what to write."""

    def __init__(self, appliance: Appliance) -> None:
        """Take an appliance; what it holds counts as changed."""
        self._appliance = appliance
        self._tables: dict[Side, Table] = {
            "icid": appliance.inbound,
            "dcid": appliance.outbound,
        }
        self._head: bytes | None = None
        self._held: bytes | None = None
        self._ordinals: list[bytes] = []
        self._places: dict[Side, dict[bytes, _Place]] = {"icid": {}, "dcid": {}}
        self._free: list[int] = []
        self._slots = 0
        self._order = 0
        appliance.changes.watch()
        self._note_all()

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield (name, value) of what changed since the last call; None: it is gone."""
        noted = self._appliance.changes.take()
        gone = {self._release(*key) for key in noted if not self._holds(*key)}
        for (side, number), added in noted.items():
            if self._holds(side, number):
                slot, order = self._place(side, number, added)
                gone.discard(slot)
                table = self._tables[side]
                entry = connection_entry(self._appliance, table, number, order)
                yield f"{CONNECTION}{slot}", entry
        for slot in sorted(gone - {-1}):
            yield f"{CONNECTION}{slot}", None
        yield from self._changed_held()
        yield from self._changed_ordinals()
        pieces = len(self._ordinals)
        head = head_entry(self._appliance, self._order, self._slots, pieces)
        if head != self._head:
            self._head = head
            yield HEAD, head

    def restore(self, read: Read, version: int = VERSION) -> None:
        """Fill the appliance, which is new, from what was written of it.

        Raises:
            ValueError, TypeError, LookupError, AttributeError: the entries are not
                those of an appliance.
        """
        if version == 1:
            # All of it is written again at the next commit.
            head = load(self._appliance, entries_of_ledger(read), self._loaded)
            self._note_all()
        else:
            head = load(self._appliance, self._entries(read), self._loaded)
            self._appliance.changes.watch()
        self._order, self._slots = head.order, head.slots
        used = {p.slot for places in self._places.values() for p in places.values()}
        self._free = [slot for slot in range(self._slots) if slot not in used]
        heapify(self._free)

    def _entries(self, read: Read) -> Iterator[Entry]:
        self._head = read(HEAD)
        if self._head is None:
            return
        yield HEAD, self._head
        head = read_as(Head, unpacked(self._head))
        self._ordinals = [read(f"{ORDINALS}{n}") or b"" for n in range(head.pieces)]
        yield from ((f"{ORDINALS}{n}", p) for n, p in enumerate(self._ordinals))
        for slot in range(head.slots):
            if entry := read(f"{CONNECTION}{slot}"):
                yield f"{CONNECTION}{slot}", entry
        self._held = read(HELD)
        if self._held is not None:
            yield HELD, self._held

    def _loaded(self, side: Side, number: bytes, slot: int, order: int) -> None:
        self._places[side][number] = _Place(slot, order)

    def _note_all(self) -> None:
        for side, table in self._tables.items():
            for number in (*table.kept, *table.live):
                self._appliance.changes.added(side, number)

    def _holds(self, side: Side, number: bytes) -> bool:
        return self._tables[side].state(number) is not State.UNKNOWN

    def _release(self, side: Side, number: bytes) -> int:
        """Free the slot of a connection; return it, or -1 if there was none."""
        place = self._places[side].pop(number, None)
        if place is None:
            return -1
        heappush(self._free, place.slot)
        return place.slot

    def _place(self, side: Side, number: bytes, added: bool) -> _Place:
        place = self._places[side].get(number)
        if place is not None and not added:
            return place
        # In the order of the table, by which the oldest goes first.
        self._order += 1
        slot = self._new_slot() if place is None else place.slot
        place = self._places[side][number] = _Place(slot, self._order)
        return place

    def _new_slot(self) -> int:
        if self._free:
            return heappop(self._free)
        self._slots += 1
        return self._slots - 1

    def _changed_held(self) -> Iterator[tuple[str, bytes | None]]:
        before, self._held = self._held, held_entry(self._appliance)
        if self._held != before:
            yield HELD, self._held

    def _changed_ordinals(self) -> Iterator[tuple[str, bytes | None]]:
        before, self._ordinals = self._ordinals, ordinal_pieces(self._appliance)
        for number, piece in enumerate(self._ordinals):
            if number >= len(before) or before[number] != piece:
                yield f"{ORDINALS}{number}", piece
        for number in range(len(self._ordinals), len(before)):
            yield f"{ORDINALS}{number}", None

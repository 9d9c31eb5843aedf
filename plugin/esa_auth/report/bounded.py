"""Counting what an attacker may make endlessly many of, in bounded memory."""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Generic, TypeVar

Value = TypeVar("Value")

_SPACE = 2**64
# Exact up to here; beyond, the estimate is off by some 1/sqrt(64), 12 %.
KEPT_HASHES = 64


class Distinct:
    """How many different texts: exact for few, an estimate for many (KMV)."""

    __slots__ = ("_hashes", "_largest", "exact")

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._largest = 0
        self.exact = True

    def add(self, text: str) -> None:
        """Count ``text``, once however often it comes."""
        digest = blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8)
        value = int.from_bytes(digest.digest(), "big")
        hashes = self._hashes
        if value in hashes or (not self.exact and value > self._largest):
            return
        hashes.add(value)
        if len(hashes) > KEPT_HASHES:
            hashes.remove(max(hashes))
            self.exact = False
            self._largest = max(hashes)

    def __len__(self) -> int:
        if self.exact:
            return len(self._hashes)
        return int((KEPT_HASHES - 1) * _SPACE / self._largest)


class Kept(Generic[Value]):
    """A table that holds at most twice ``most`` keys, then drops the lightest half.

    ``left_out`` counts the keys dropped; one that comes back begins at nothing, so
    counts in a table that has dropped keys are lower bounds.
    """

    __slots__ = ("_make", "_most", "_weight", "left_out", "rows")

    def __init__(
        self,
        most: int,
        make: Callable[[], Value],
        weight: Callable[[Value], tuple[int, ...]],
    ) -> None:
        self.rows: dict[str, Value] = {}
        self.left_out = 0
        self._most, self._make, self._weight = most, make, weight

    def __getitem__(self, key: str) -> Value:
        row = self.rows.get(key)
        if row is None:
            if len(self.rows) >= 2 * self._most:
                self._prune()
            row = self.rows[key] = self._make()
        return row

    def __len__(self) -> int:
        return len(self.rows)

    def heaviest(self, count: int) -> Iterator[tuple[str, Value]]:
        """Yield the ``count`` heaviest, heaviest first; equal ones by their name."""
        weight = self._weight
        rows = self.rows.items()
        ordered = sorted(rows, key=lambda r: (*(-w for w in weight(r[1])), r[0]))
        yield from ordered[:count]

    def _prune(self) -> None:
        kept = dict(self.heaviest(self._most))
        self.left_out += len(self.rows) - len(kept)
        self.rows = kept


# Each divides the next, so that finer buckets add up to coarser ones.
_WIDTHS = (60, 300, 900, 3600, 10_800, 21_600, 86_400, 604_800)
MOST_BUCKETS = 400


class Timeline:
    """Counts by time; ``width`` of a bucket in seconds grows with the span."""

    def __init__(self) -> None:
        self.width = _WIDTHS[0]
        self._buckets: dict[int, list[int]] = {}
        self._first = self._last = 0

    def add(self, epoch: int, *, failed: bool) -> None:
        """Count one attempt at ``epoch`` seconds."""
        place = epoch // self.width
        bucket = self._buckets.get(place)
        if bucket is None:
            place = self._made_room(epoch)
            bucket = self._buckets.setdefault(place, [0, 0])
        bucket[failed] += 1

    def series(self) -> tuple[int, list[int], list[int]]:
        """Return the first bucket's epoch seconds, successes, failures; no gaps."""
        if not self._buckets:
            return 0, [], []
        places = range(self._first, self._last + 1)
        found = [self._buckets.get(place, [0, 0]) for place in places]
        start = self._first * self.width
        return start, [s for s, _ in found], [f for _, f in found]

    def _made_room(self, epoch: int) -> int:
        while True:
            place = epoch // self.width
            first = min(self._first, place) if self._buckets else place
            last = max(self._last, place) if self._buckets else place
            if last - first < MOST_BUCKETS:
                self._first, self._last = first, last
                return place
            self._coarsen()

    def _coarsen(self) -> None:
        wider = next((w for w in _WIDTHS if w > self.width), self.width * 2)
        factor = wider // self.width
        merged: dict[int, list[int]] = {}
        for place, (good, bad) in self._buckets.items():
            bucket = merged.setdefault(place // factor, [0, 0])
            bucket[0] += good
            bucket[1] += bad
        self.width, self._buckets = wider, merged
        self._first, self._last = min(merged), max(merged)

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

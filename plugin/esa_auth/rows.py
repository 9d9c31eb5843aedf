"""Many rows of plain data that are made while they are read, not before."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any


class Rows:
    """A list in what a restart needs, whose items need never exist all at once."""

    def __init__(self, count: int, make: Callable[[], Iterable[Any]]) -> None:
        """``make`` gives the ``count`` rows; whoever reads them does so at once."""
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return iter(self._make())


def taken(rows: list[Any]) -> Iterator[Any]:
    """Yield the rows in order and let go of each: its memory serves what follows."""
    rows.reverse()
    while rows:
        yield rows.pop()

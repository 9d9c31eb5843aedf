"""Saved data with one value of another type, for whatever is taken up at a start."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

# One of each type that msgpack has, some of them twice.
OTHERS: tuple[Any, ...] = (
    *(None, True, 7, -1, 1.5, float("inf"), "x", b"x", [], ["x"], {}, {"x": 1}),
)
Path = tuple[Any, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the way to each value in ``value``."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def damaged(saved: Any, path: Path) -> Iterator[Any]:
    """Yield copies of ``saved`` with a value of each other type at ``path``."""
    right = saved
    for key in path:
        right = right[key]
    for other in OTHERS:
        if type(other) is not type(right):
            wrong = holder = deepcopy(saved)
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = other
            yield wrong


def called(path: Path) -> str:
    """Return what a test of ``path`` is called by."""
    return ".".join(map(str, path))

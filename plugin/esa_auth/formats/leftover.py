"""What of an event another schema has no name for."""

from collections.abc import Iterable, Iterator
from typing import Any

Tree = dict[str, Any]


def tree_of(names: Iterable[str]) -> Tree:
    """Return dotted ``names`` as a tree; one without branches stands for all in it."""
    tree: Tree = {}
    for name in names:
        place = tree
        for part in name.split("."):
            place = place.setdefault(part, {})
    return tree


def leftover(event: Tree, told: Tree) -> Tree:
    """Return ``event`` without what ``told`` names, groups that are empty then too."""
    rest = {}
    for key, value in event.items():
        if key not in told:
            rest[key] = value
        elif (inner := told[key]) and (kept := leftover(value, inner)):
            rest[key] = kept
    return rest


def flat(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and values."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value

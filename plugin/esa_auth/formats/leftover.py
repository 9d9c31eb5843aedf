"""What of an event another schema has no name for."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Told(NamedTuple):
    """Keys of an object that are told elsewhere, and objects in it of which some are.

    Sets, so that an object is looked through by the interpreter and not key by key.
    """

    keys: frozenset[str]
    groups: tuple[tuple[str, "Told"], ...]


def told(names: Iterable[str]) -> Told:
    """Return dotted ``names``; one that is an object's stands for all in it."""
    heads: dict[str, list[str]] = {}
    for name in names:
        head, _, rest = name.partition(".")
        heads.setdefault(head, []).extend([rest] if rest else [])
    groups = [(head, told(rest)) for head, rest in heads.items() if rest]
    return Told(frozenset(heads), tuple(groups))


def leftover(event: dict[str, Any], known: Told) -> dict[str, Any]:
    """Return ``event`` without what is ``known``, nor objects that are empty then."""
    keys, groups = known
    rest = {key: value for key, value in event.items() if key not in keys}
    for key, inner in groups:
        part = event.get(key)
        # Most objects are told in full, which is seen without a look at each key.
        if part is None or (not inner.groups and part.keys() <= inner.keys):
            continue
        if kept := leftover(part, inner):
            rest[key] = kept
    return rest

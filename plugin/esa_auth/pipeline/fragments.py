"""Fragments of events: what few facts decide about, as parts and as text."""

from collections.abc import Hashable
from typing import Any, NamedTuple, TypeAlias

from esa_auth.ecs.templates import Known, Layout
from esa_auth.slots import Path

# A hostile log has any number of different ones; then all are made again.
_MOST = 4096

Texts: TypeAlias = tuple[str, ...]


class Fragment(NamedTuple):
    """Parts of an event by their places, and their texts.

    ``places`` and ``values`` are of what is neither an object nor a list in them.
    Fragments with the same ``fields`` differ in these values alone. None: it has a
    list, of which more is asked than of single values.
    """

    parts: dict[Path, Any]
    texts: Texts
    fields: Hashable
    places: list[Path]
    values: list[Any]


class Fragments:
    """Those of one layout that were made so far."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._known: dict[tuple[str, Hashable], Fragment] = {}

    def of(self, family: str, key: Hashable, known: Known) -> Fragment:
        """Return the fragment of a family that ``key`` decides about."""
        found = self._known.get((family, key))
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            parts = self.layout.parts(known, family)
            texts = tuple(self.layout.text_of(*placed) for placed in parts.items())
            found = self._known[family, key] = _made(parts, texts)
        return found


def _made(parts: dict[Path, Any], texts: Texts) -> Fragment:
    found: dict[Path, Any] = {}
    has_list = False
    for place, value in parts.items():
        has_list |= any(isinstance(step, int) for step in place)
        has_list |= not _find(place, value, found)
    fields = tuple((place, type(value)) for place, value in found.items())
    places = [place for place, value in found.items() if value is not None]
    values = [found[place] for place in places]
    return Fragment(parts, texts, None if has_list else fields, places, values)


def _find(place: Path, value: Any, found: dict[Path, Any]) -> bool:
    """Find what stands in and below ``place``; return whether no list does."""
    if isinstance(value, dict):
        return all(_find((*place, name), one, found) for name, one in value.items())
    found[place] = value
    return not isinstance(value, list)

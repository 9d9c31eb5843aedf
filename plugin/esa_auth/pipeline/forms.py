"""Templates of events, with what judges them by parts.

A template and each new fragment are put into a sample event, which the whole schema
judges; the values of an event are judged by the schema's own rules for their places.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeAlias

from esa_auth.ecs.templates import Known, Layout, Shape, Template, part, with_parts
from esa_auth.slots import Path, Schema
from esa_auth.validation import EventSchema

# A hostile log has any number of different texts; then all are made again.
_MOST = 4096

Texts: TypeAlias = tuple[str, ...]
Chooser: TypeAlias = Callable[[tuple[Any, ...]], Any]


class Kind:
    """Events of one kind, whatever their peer, and their fragments so far."""

    def __init__(self, layout: Layout, shape: Shape, schema: EventSchema) -> None:
        self.layout, self._schema = layout, schema
        self._event = layout.sample(shape, None)
        self._places = [p for p in layout.numbers if part(self._event, p) is not None]
        self.joined: dict[tuple[Any, ...], Texts] = {}
        self._judges: dict[bool, tuple[Chooser, Callable[[Any], bool]]] = {}
        self._texts: dict[str, dict[Hashable, Texts | None]] = {
            f: {} for f in layout.fragments
        }

    def texts(self, family: str, key: Hashable, known: Known) -> Texts | None:
        """Return the texts of the fragment that ``key`` decides about, made if new.

        None: the schema refuses an event that has it.
        """
        found = self._texts[family]
        if key not in found:
            if len(found) >= _MOST:
                found.clear()
            found[key] = self._made(family, known)
        return found[key]

    def join(self, key: tuple[Any, ...], texts: Texts) -> None:
        """Remember texts of several fragments, nothing if one of them may not be."""
        if len(self.joined) >= _MOST:
            self.joined.clear()
        self.joined[key] = texts

    def judge(self, *, named: bool) -> tuple[Chooser, Callable[[Any], bool]]:
        """Return what chooses values that are to be judged, and their judge.

        ``named`` says that the client has a name.
        """
        if named not in self._judges:
            self._judges[named] = self._judge(named)
        return self._judges[named]

    @cached_property
    def rules(self) -> dict[Path, list[Schema]] | None:
        """The schema's rules for the places of this kind, see `EventSchema.rules`."""
        return self._schema.rules(self._event, self._places, self.layout.optional)

    def _judge(self, named: bool) -> tuple[Chooser, Callable[[Any], bool]]:
        if self.rules is None:
            return itemgetter(0), _never
        asked: dict[int, list[Schema]] = {}
        for number, (name, at) in enumerate(self.layout.values.items()):
            if named or name != "name":
                asked[number] = merged(self.rules, at)
        numbers, fits = self._schema.judge(asked)
        # Twice, because of one alone it would make no tuple.
        return itemgetter(*numbers, numbers[0]), fits

    def _made(self, family: str, known: Known) -> Texts | None:
        parts = self.layout.parts(known, family)
        if not self._schema.valid(with_parts(self._event, parts)):
            return None
        return tuple(self.layout.text_of(*placed) for placed in parts.items())


class Form:
    """A template; ``kind`` has its fragments, ``takes`` judges values for it."""

    def __init__(self, shape: Shape, kind: Kind, schema: EventSchema) -> None:
        template = Template(kind.layout, shape)
        self.kind = kind
        self.fill = template.fill
        self._judged, fits = kind.judge(named=shape.named)
        self._fits = fits if schema.valid(template.event) else _never

    def takes(self, values: tuple[Any, ...]) -> bool:
        """Return whether the schema lets an event have these values."""
        return self._fits(self._judged(values))


def merged(rules: Mapping[Path, list[Schema]], places: Sequence[Path]) -> list[Schema]:
    """Return the rules for a value that stands in several places, each once."""
    found: list[Schema] = []
    for place in places:
        found.extend(rule for rule in rules.get(place, ()) if rule not in found)
    return found


def _never(values: Any) -> bool:
    return False

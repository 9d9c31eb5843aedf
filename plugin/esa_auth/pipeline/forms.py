"""Templates of events, with what judges them by parts.

A template and each new fragment are put into a sample event, which the whole schema
judges; the values of an event are judged by the schema's own rules for their places.
So are the values in a fragment, if it has the same fields as others before it.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeAlias

from esa_auth.ecs.templates import Known, Shape, Template, part, with_parts
from esa_auth.pipeline.fragments import Fragment, Fragments, Texts
from esa_auth.slots import Path, Schema
from esa_auth.validation import EventSchema

# A hostile log has any number of different texts; then all are made again.
_MOST = 4096

# From so many fragments with the same fields on, rules for their values are sought.
LIKE = 8

Chooser: TypeAlias = Callable[[tuple[Any, ...]], Any]
Judge: TypeAlias = Callable[[list[Any]], bool]


class Kind:
    """Events of one kind, whatever their peer, and their fragments so far."""

    def __init__(self, shape: Shape, schema: EventSchema, fragments: Fragments) -> None:
        self.layout, self._schema = fragments.layout, schema
        self._event = self.layout.sample(shape)
        self._fragments = fragments
        # By the fields that fragments have: how many are valid, and what judges more.
        self._like: dict[Hashable, int] = {}
        self._judge_like: dict[Hashable, Judge | None] = {}
        numbers = self.layout.numbers
        self._places = [p for p in numbers if part(self._event, p) is not None]
        self.joined: dict[tuple[Any, ...], Texts] = {}
        self._judges: dict[bool, tuple[Chooser, Callable[[Any], bool]]] = {}
        self._texts: dict[str, dict[Hashable, Texts | None]] = {
            f: {} for f in self.layout.fragments
        }

    def texts(self, family: str, key: Hashable, known: Known) -> Texts | None:
        """Return the texts of the fragment that ``key`` decides about, made if new.

        None: the schema refuses an event that has it.
        """
        found = self._texts[family]
        if key not in found:
            if len(found) >= _MOST:
                found.clear()
            made = self._fragments.of(family, key, known)
            found[key] = made.texts if self._may_have(made) else None
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

    def _may_have(self, made: Fragment) -> bool:
        """Return whether the schema lets an event have a fragment."""
        fields = made.fields
        judge = self._judge_like.get(fields)
        if judge is not None:
            return judge(made.values)
        event = with_parts(self._event, made.parts)
        if not self._schema.valid(event):
            return False
        times = self._like[fields] = self._like.get(fields, 0) + 1
        if fields is not None and times == LIKE:
            self._judge_like[fields] = self._judge_of(event, made)
        return True

    def _judge_of(self, event: dict[str, Any], made: Fragment) -> Judge | None:
        """Return what judges the values of fragments like one that ``event`` has."""
        rules = self._schema.rules(event, made.places, self.layout.optional)
        if rules is None:
            return None
        asked = {n: rules[place] for n, place in enumerate(made.places)}
        numbers, fits = self._schema.judge(asked)
        return lambda values: fits([values[number] for number in numbers])


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

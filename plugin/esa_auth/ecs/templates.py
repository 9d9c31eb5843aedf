"""Events of plain sessions as text with gaps.

`ecs.events` is the only description of an event. Here it builds one sample of each
shape; marks are put in the places that differ from event to event, and orjson writes
it. The text between the marks is the template.

A place holds a *value*, which is another one in nearly every event, or a *fragment*,
which has few different texts and is made by `ecs.events`, too.
"""

import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, TypeAlias

import orjson

from esa_auth.model.document import Document

Path: TypeAlias = tuple[str | int, ...]
Event: TypeAlias = dict[str, Any]
# What an event has fields for: all that a template is made for.
Shape: TypeAlias = Any
# Facts that decide about fragments.
Known: TypeAlias = Any

# Private characters, so that they stand for themselves in JSON; "o" if optional.
_MARK = re.compile('(?:,(?:"[a-z_]+":)?(?="\ue000o))?"\ue000[ov]([0-9]+)\ue001"')


class Layout:
    """Which places differ in the events of plain sessions of one side."""

    def __init__(
        self,
        values: Mapping[str, tuple[Path, ...]],
        fragments: Mapping[str, tuple[Path, ...]],
        optional: frozenset[Path],
        event: Callable[[Shape, Known], Event],
        fullest: Callable[[str, Known], Shape],
    ) -> None:
        """Take the places of values, in the order in which a caller gives these.

        ``fragments`` has, for what decides about a fragment, the places of its texts,
        which stand behind those of the values, in this order. ``optional`` are those
        that an event may lack; their text has the comma and the key before it.
        ``event`` returns an event of a shape and of facts, or None: then it has all
        that such an event can have; ``fullest`` is the shape of the events that have a
        fragment of these facts.
        """
        self.values, self.fragments, self.optional = values, fragments, optional
        self._event, self._fullest = event, fullest
        own = ((place,) for places in fragments.values() for place in places)
        texts = [*values.values(), *own]
        # Place -> the number of its text.
        self.numbers = {place: n for n, places in enumerate(texts) for place in places}

    def sample(self, shape: Shape) -> Event:
        """Return an event of ``shape`` that has all that such an event can have."""
        # Copied, so that no part of it is another's.
        return dict(orjson.loads(orjson.dumps(self._event(shape, None))))

    def parts(self, known: Known, family: str) -> dict[Path, Any]:
        """Return the parts of a fragment that these facts make, not to be changed."""
        event = self._event(self._fullest(family, known), known)
        return {place: part(event, place) for place in self.fragments[family]}

    def text_of(self, place: Path, value: Any) -> str:
        """Return a part of an event as the text that stands in ``place``."""
        if value is None:
            return ""
        text = orjson.dumps(value).decode()
        if place not in self.optional:
            return text
        return f",{text}" if isinstance(place[-1], int) else f',"{place[-1]}":{text}'


class Template:
    """The text of events of one shape; `event` is the sample that it was cut from."""

    def __init__(self, layout: Layout, shape: Shape) -> None:
        self.event = layout.sample(shape)
        pieces = _MARK.split(_marked(layout, self.event))
        self.literals = (*pieces[:-1:2], f"{pieces[-1]}\n")
        # Between two literals: which of the texts.
        self.slots = tuple(map(int, pieces[1::2]))
        self._choose = itemgetter(*self.slots)
        self._format = "%s".join(text.replace("%", "%%") for text in self.literals)

    def fill(self, texts: tuple[object, ...]) -> bytes:
        """Return the event with these texts of values and fragments, as JSON."""
        text: str = self._format % self._choose(texts)
        return text.encode()


def part(event: Event, place: Path) -> Any:
    """Return what ``event`` has in ``place``; None if it has not."""
    node: Any = event
    for step in place:
        if isinstance(step, int):
            node = node[step] if step < len(node) else None
        else:
            node = node.get(step)
        if node is None:
            return None
    return node


def with_parts(event: Event, parts: dict[Path, Any]) -> Event:
    """Return ``event`` with these parts in their places; None takes one away."""
    changed = orjson.loads(orjson.dumps(event))
    for place, value in parts.items():
        node = part(changed, place[:-1])
        if value is not None:
            node[place[-1]] = value
        elif part(changed, place) is not None:
            del node[place[-1]]
    return dict(changed)


def joined(document: Document) -> Event:
    """Return a document as one, whose parts are those of others, too."""
    return {**document.own, **document.context.parts}


def _marked(layout: Layout, event: Event) -> str:
    """Return the text of ``event`` with a mark in each place."""
    marks = {
        place: f"\ue000{'o' if place in layout.optional else 'v'}{number}\ue001"
        for place, number in layout.numbers.items()
        if part(event, place) is not None
    }
    return orjson.dumps(with_parts(event, marks)).decode()

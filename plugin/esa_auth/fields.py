"""Saved values by the names of their fields.

A named tuple is saved as a map. A field that has its default is left out; one that is
missing takes its default; one that is not known is passed over. So a field with a
default may be added anywhere. Any other change is one of the format: it needs a higher
`VERSION` (`pipeline.entries`), and a way to read what was saved before
(`pipeline.migration`).
"""

import re
from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from esa_auth.model.facts import Instant

Read = Callable[[Any], Any]
Kind = TypeVar("Kind", bound=tuple[Any, ...])

# What `resolve` makes; an event's duration is reckoned from it.
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_PLAIN = (bool, int, str, bytes, NoneType)


def plain(value: Any) -> Any:
    """Return ``value`` with each named tuple as a map, each other tuple as a list."""
    if not isinstance(value, tuple):
        return value
    names = getattr(value, "_fields", None)
    if names is None:
        return [plain(item) for item in value]
    # A tuple that has `_fields` is a named one, and has this; mypy knows a tuple only.
    defaults = type(value)._field_defaults  # type: ignore[attr-defined]
    return {
        name: plain(item)
        for name, item in zip(names, value, strict=True)
        if name not in defaults or item != defaults[name]
    }


def read(kind: type[Kind], saved: Any) -> Kind:
    """Return the named tuple that `plain` made ``saved`` of.

    Raises:
        ValueError: a field is missing or has a value of another type.
    """
    found: Kind = reader(kind)(saved)
    return found


@cache
def reader(hint: Any) -> Read:
    """Return a function that reads a saved value of the type ``hint``.

    It raises ValueError if the value is of another type.
    """
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return _anything
    if hint in _PLAIN:
        return _of_types(hint)
    if origin is Literal:
        return _one_of(parts)
    if origin in (Union, UnionType):
        types = tuple(part for part in parts if part in _PLAIN)
        # Which of two named tuples a map is would be a guess.
        (other,) = [part for part in parts if part not in _PLAIN] or [None]
        return _of_types(*types) if other is None else _or(types, reader(other))
    if origin is tuple and parts[-1] is ...:
        return _list_of(reader(parts[0]))
    if origin is tuple:
        return _row_of([reader(part) for part in parts])
    if origin is dict:
        return _map_of(reader(parts[0]), reader(parts[1]))
    return _named(hint)


def _anything(value: Any) -> Any:
    return value


def _of_types(*types: type) -> Read:
    def read(value: Any) -> Any:
        if type(value) not in types:
            raise ValueError(f"{type(value).__name__} instead of {_names(types)}")
        return value

    return read


def _one_of(values: tuple[Any, ...]) -> Read:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in values:
            raise ValueError(f"a value that is not one of {', '.join(values)}")
        return value

    return read


def _or(types: tuple[type, ...], other: Read) -> Read:
    def read(value: Any) -> Any:
        return value if type(value) in types else other(value)

    return read


def _list_of(item: Read) -> Read:
    def read(value: Any) -> Any:
        return tuple(map(item, _of_types(list, tuple)(value)))

    return read


def _row_of(items: list[Read]) -> Read:
    def read(value: Any) -> Any:
        if len(_of_types(list, tuple)(value)) != len(items):
            raise ValueError(f"{len(value)} items instead of {len(items)}")
        return tuple(item(one) for item, one in zip(items, value, strict=True))

    return read


def _map_of(key: Read, item: Read) -> Read:
    def read(value: Any) -> Any:
        return {key(k): item(v) for k, v in _of_types(dict)(value).items()}

    return read


def _named(kind: Any) -> Read:
    readers = {name: reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(value: Any) -> Any:
        found = fields_of(_of_types(dict)(value), readers)
        try:
            made = kind(**found)
        except TypeError as error:
            raise ValueError(f"{kind.__name__}: {error}") from error
        if kind is Instant and not _ISO.fullmatch(made.iso):
            raise ValueError("iso: not a time in UTC with milliseconds")
        return made

    return read


def fields_of(saved: dict[Any, Any], readers: dict[str, Read]) -> dict[str, Any]:
    """Return the fields of ``saved`` that are known, each as its reader reads it.

    Raises:
        ValueError: one has a value of another type.
    """
    found = {}
    for name, value in saved.items():
        if name in readers:
            try:
                found[name] = readers[name](value)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
    return found


def _names(types: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in types)

"""Whether plain data, read from a file, is what an annotation says."""

from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

Test: TypeAlias = Callable[[Any], bool]


def check(value: Any, hint: Any, name: str) -> None:
    """Refuse a ``value``, of that ``name``, which is not of the type ``hint``.

    A hint is a class, None, a union, a Literal of texts, a named tuple, or a list, set,
    dict or tuple of such. A number is no truth value, and a truth value no number.

    Raises:
        TypeError: it is of another type; the text is one line.
    """
    if not test_of(hint)(value):
        raise TypeError(f"{name}: {type(value).__name__}, or what is in it")


@cache
def test_of(hint: Any) -> Test:
    """Return what tells whether a value is of the type ``hint``; see `check`."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if all(isinstance(part, type) and not _named(part) for part in parts):
            plain = frozenset(parts)
            return lambda value: type(value) in plain
        either = tuple(map(test_of, parts))
        return lambda value: any(test(value) for test in either)
    if origin is Literal:
        return lambda value: type(value) is str and value in parts
    if origin in (list, set):
        return _rows(origin, test_of(parts[0]))
    if origin is dict:
        key, held = map(test_of, parts)
        return _table(key, held)
    if origin is tuple:
        if parts[1:] == (...,):
            return _rows(tuple, test_of(parts[0]))
        return _fields(tuple, tuple(map(test_of, parts)))
    if _named(hint):
        return _fields(hint, tuple(map(test_of, get_type_hints(hint).values())))
    kind = NoneType if hint is None else hint
    return lambda value: type(value) is kind


def _named(hint: Any) -> bool:
    return hasattr(hint, "_fields")


def _rows(kind: Any, test: Test) -> Test:
    return lambda value: type(value) is kind and all(map(test, value))


def _table(key: Test, held: Test) -> Test:
    return lambda value: (
        type(value) is dict and all(map(key, value)) and all(map(held, value.values()))
    )


def _fields(kind: Any, tests: tuple[Test, ...]) -> Test:
    return lambda value: (
        type(value) is kind
        and len(value) == len(tests)
        and all(fits(item) for fits, item in zip(tests, value, strict=True))
    )

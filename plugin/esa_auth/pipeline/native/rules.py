"""The schema's rules for single values -> what native code knows of such rules.

It knows texts by length and by letters, numbers by minimum, times, and addresses. What
is more is judged here, value by value.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any, TypeAlias

from esa_auth.pipeline.forms import merged
from esa_auth.slots import Path, Schema, expanded, validator
from esa_auth.validation import EventSchema

# See `plugin/native/src/rules.rs`.
Rule: TypeAlias = tuple[Any, ...]

_ASKED: Rule = ("asked",)
_USER_PARTS = ("name", "email", "domain")
_ADDRESS = {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}
_TIME = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
}
# A class of letters or one letter, and how many of it.
_PIECE = re.compile(r"(\[[^\]\\]+\]|\\\.|[A-Za-z0-9:-])(?:\{([0-9]+)\})?")


class Asked:
    """What the schema asks of one value."""

    def __init__(self, rules: list[Schema], schema: Schema) -> None:
        self._rules, self._schema = rules, schema
        self.rule = _compiled(rules)

    @cached_property
    def _judge(self) -> Any:
        about = {word: self._schema[word] for word in ("$schema", "$defs")}
        return validator({**about, "allOf": self._rules})

    def fits(self, value: object) -> bool:
        """Return whether ``value`` is so."""
        return not self._rules or bool(self._judge.is_valid(value))


def rules_of(
    values: Mapping[str, Sequence[Path]],
    rules: Mapping[Path, list[Schema]],
    schema: EventSchema,
) -> list[Asked] | None:
    """Return the rules for each of ``values``, then for each part of a user.

    For the names of an event, it is that for one name. None: the schema asks of these
    or of a user more than that of a single value.
    """
    found: list[Asked] = []
    parts: list[list[Schema]] | None = [[], [], []]
    for name, places in values.items():
        document = schema.document
        asked = expanded(merged(rules, places), document)
        if name == "users":
            items = _of_items(asked)
            if items is None:
                return None
            asked = expanded(items, document)
        elif name == "user":
            parts = _of_user(asked)
            asked = []
        found.append(Asked(asked, document))
    if parts is None:
        return None
    return [*found, *(Asked(expanded(p, document), document) for p in parts)]


def _of_items(rules: list[Schema]) -> list[Schema] | None:
    """Return what lists ask of each of their items, if it is all that they ask."""
    found: list[Schema] = []
    for rule in rules:
        more = rule.keys() - {"type", "items", "minItems", "uniqueItems"}
        if more or rule.get("type", "array") != "array" or rule.get("minItems", 0) > 1:
            return None
        if isinstance(items := rule.get("items", True), dict):
            found.append(items)
        elif not items:
            return None
    return found


def _of_user(rules: list[Schema]) -> list[list[Schema]] | None:
    """Return what objects ask of each part of a user, if it is all that they ask."""
    found: list[list[Schema]] = [[], [], []]
    for rule in rules:
        more = rule.keys() - {"type", "properties", "required", "additionalProperties"}
        required = set(rule.get("required", ())) - {"name"}
        if more or required or rule.get("type", "object") != "object":
            return None
        for part, into in zip(_USER_PARTS, found, strict=True):
            others = rule.get("additionalProperties", True)
            asked = rule.get("properties", {}).get(part, others)
            if isinstance(asked, dict):
                into.append(asked)
            elif not asked:
                return None
    return found


def _compiled(rules: list[Schema]) -> Rule:
    """Return what native code checks; if that is not all, it is to ask."""
    if rules == [_TIME]:
        return ("time",)
    if _ADDRESS in rules:
        others = [rule for rule in rules if rule != _ADDRESS]
        return ("address",) if _text(others) in _NO_MORE else _ASKED
    numbers = [r for r in rules if r.get("type", "integer") == "integer"]
    if rules == numbers and all(r.keys() <= {"type", "minimum"} for r in rules):
        least = max(0, 0, *(rule.get("minimum", 0) for rule in rules))
        return ("number", least) if isinstance(least, int) else _ASKED
    return _text(rules)


# All addresses have a letter.
_NO_MORE: tuple[Rule, ...] = (("text", 0, []), ("text", 1, []))


def _text(rules: list[Schema]) -> Rule:
    least, classes = 0, list[bytes]()
    for rule in rules:
        if rule.keys() - {"type", "minLength", "pattern"}:
            return _ASKED
        if rule.get("type", "string") != "string":
            return _ASKED
        least = max(least, rule.get("minLength", 0))
        if "pattern" in rule:
            found = _classes(rule["pattern"])
            if classes or not found:
                return _ASKED
            classes = found
    if classes and least > len(classes):
        return _ASKED
    return ("text", least, classes)


@cache
def _classes(pattern: str) -> list[bytes]:
    """Return the letters that may be in each place, nothing if that is not all."""
    whole = re.fullmatch(rf"\^((?:{_PIECE.pattern})+)\$", pattern)
    if whole is None:
        return []
    classes = []
    for letters, times in _PIECE.findall(whole[1]):
        allowed = bytes(b for b in range(128) if re.fullmatch(letters, chr(b)))
        classes += [allowed] * int(times or 1)
    return classes

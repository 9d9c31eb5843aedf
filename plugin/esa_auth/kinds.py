"""The schema as one kind of event meets it: conditions decided, its context apart.

What a kind is asked does not change from event to event; that is worked out once.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeAlias

from jsonschema_rs import Draft202012Validator as Validator

from esa_auth.resources import schema

Schema: TypeAlias = dict[str, Any]
Rules: TypeAlias = Schema | bool

# Fields that only a context gives.
OF_CONTEXT = frozenset(
    (
        "client",
        "destination",
        "ecs",
        "network",
        "observer",
        "rule",
        "server",
        "source",
        "tls",
    )
)

# A condition that asks for these alone is decided once for all events of a kind.
_TOLD = frozenset(
    (
        (),
        ("event",),
        ("event", "action"),
        ("event", "outcome"),
        ("event", "type"),
        ("cisco_esa",),
        ("cisco_esa", "session"),
        ("cisco_esa", "session", "context"),
        ("tags",),
    )
)


def validator(document: Rules) -> Validator:
    """Compile a schema, formats asserted."""
    # Without validate_formats a 2020-12 format is an annotation only.
    return Validator(document, validate_formats=True)


@cache
def of_kind(
    action: str, outcome: str, session: str, tagged: bool, *types: str
) -> tuple[Validator, Validator]:
    """Return what is asked of the context of such an event, and of its own fields.

    Its `event.action`, `event.outcome` and `event.type`, the completeness of its
    session ("" if it has none), and whether it has tags. Of the context only what all
    contexts are not asked anyway.

    Raises:
        ValueError: a rule of the schema hangs on more than that.
    """
    document = schema("auth-event")
    rules = document.pop("allOf")
    said: Schema = {"event": {"action": action, "type": list(types)}, "cisco_esa": {}}
    if outcome:
        said["event"]["outcome"] = outcome
    if session:
        said["cisco_esa"]["session"] = {"context": session}
    if tagged:
        said["tags"] = []
    asked: Rules = {"properties": {}, "required": document["required"]}
    for rule in rules:
        asked = _both(asked, _decided(rule, document, said))
    if isinstance(asked, bool):
        return validator(asked), validator(asked)
    if more := asked.keys() - {"properties", "required"}:
        raise ValueError(f"a rule of the schema asks for {sorted(more)} of the whole")
    of_context = {"$defs": document["$defs"], **_only(asked, OF_CONTEXT)}
    others = document["properties"].keys() | asked["properties"].keys()
    fields = {**document["properties"], **dict.fromkeys(OF_CONTEXT, False)}
    bare = {**document, "properties": fields, "required": []}
    return (
        validator(of_context),
        validator(_both(bare, _only(asked, others - OF_CONTEXT))),
    )


def _only(asked: Schema, names: Iterable[str]) -> Schema:
    """Return what ``asked`` asks of these fields."""
    names = frozenset(names)
    return {
        "properties": {n: s for n, s in asked["properties"].items() if n in names},
        "required": [name for name in asked["required"] if name in names],
    }


def _decided(rule: Schema, document: Schema, said: dict[str, Any]) -> Rules:
    """Return what a rule asks of an event that says ``said``; True if nothing.

    Raises:
        ValueError: its condition asks for more than all events of a kind have alike.
    """
    guard = {**rule["if"], "$defs": document["$defs"]}
    if more := set(_asked(guard, document, ())) - _TOLD:
        raise ValueError(f"a rule of the schema hangs on {sorted(more)}")
    holds = validator(guard).is_valid(said)
    decided: Rules = rule.get("then" if holds else "else", True)
    return decided


def _both(one: Rules, other: Rules) -> Rules:
    """Return what is valid to both as one schema, which asks each thing once."""
    if isinstance(one, bool) or isinstance(other, bool):
        return other if one is True or other is False else one
    both = {**one}
    for word, value in other.items():
        if word == "properties":
            # What a closed object does not have stays out of it.
            unknown: Rules = one.get("additionalProperties", True)
            mine: dict[str, Rules] = one.get(word, {})
            asked = value.items()
            both[word] = mine | {k: _both(mine.get(k, unknown), v) for k, v in asked}
        elif word == "required":
            both[word] = [*dict.fromkeys([*one.get(word, ()), *value])]
        elif word == "allOf":
            continue
        elif word == "additionalProperties" or word in one:
            return {**one, "allOf": [*one.get("allOf", ()), other]}
        else:
            both[word] = value
    whole: Rules = both
    for inner in other.get("allOf", ()):
        whole = _both(whole, inner)
    return whole


def _asked(
    node: Schema, document: Schema, at: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """Yield the path of each field that a schema looks at."""
    yield at
    if reference := node.get("$ref"):
        inner = document["$defs"][reference.removeprefix("#/$defs/")]
        yield from _asked(inner, document, at)
    yield from ((*at, name) for name in node.get("required", ()))
    for name, inner in node.get("properties", {}).items():
        yield from _asked(inner, document, (*at, name))
    if "not" in node:
        yield from _asked(node["not"], document, at)
    for inner in (*node.get("allOf", ()), *node.get("anyOf", ())):
        yield from _asked(inner, document, at)

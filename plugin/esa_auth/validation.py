"""ECS document -> is it one. The schema is compiled once.

jsonschema-rs decides, on the path of every event; jsonschema explains a refusal. A
differential test holds the one against the other.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

from jsonschema_rs import Draft202012Validator as Validator

from esa_auth.document import Document
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
    )
)


class EventSchema:
    """`schemas/auth-event.schema.json`, draft 2020-12 with formats asserted."""

    def __init__(self) -> None:
        self._schema, self._whole, self._context = _compiled()
        self.valid = self._whole.is_valid
        self._rest: dict[tuple[str, ...], Validator] = {}

    def fits(self, document: Document) -> bool:
        """Return whether the whole of ``document`` is valid.

        What its context gives is looked at once for all events that have it. That and
        the rest are together what `valid` looks at, for a schema judges each field by
        itself, and where it does not (`allOf`) it is asked about the whole.
        """
        own, context = document
        if not context.valid:
            context.valid = self._context.is_valid(context.parts)
        about = own["event"]
        kind = (about["action"], about.get("outcome", ""), *about["type"])
        rest = self._rest.get(kind)
        if rest is None:
            rest = self._rest[kind] = _rest(*kind)
        return (
            context.valid
            and OF_CONTEXT.isdisjoint(own)
            and rest.is_valid({**own, **context.parts})
        )

    def reasons(self, event: dict[str, Any]) -> list[str]:
        """Return why ``event`` is refused, at most eight reasons, worst first."""
        # Imported here because it takes a second (its format checkers build a
        # grammar), and most runs refuse nothing.
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import relevance

        slow = Draft202012Validator(
            self._schema, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        errors = sorted(slow.iter_errors(event), key=relevance, reverse=True)
        found = [f"{e.json_path}: {e.message[:300]}" for e in errors[:8]]
        if found:
            return found
        fast = list(self._whole.iter_errors(event))[:8]
        return [f"{e.instance_path}: {e.message[:300]}" for e in fast]


@cache
def _compiled() -> tuple[Schema, Validator, Validator]:
    # Once a process: `stream` has a pipeline for each appliance.
    document = schema("auth-event")
    fields: Schema = document["properties"]
    context = {
        "$schema": document["$schema"],
        "$defs": document["$defs"],
        "type": "object",
        "additionalProperties": False,
        "properties": {name: fields[name] for name in OF_CONTEXT},
    }
    return document, _validator(document), _validator(context)


@cache
def _rest(action: str, outcome: str, *kind: str) -> Validator:
    """Return what is left to ask of an event of that action, outcome and type."""
    document = schema("auth-event")
    rules = document.pop("allOf")
    about: Schema = {"action": action, "type": list(kind)}
    if outcome:
        about["outcome"] = outcome
    fields = {**document["properties"], **dict.fromkeys(OF_CONTEXT, True)}
    rest: Rules = {**document, "properties": fields}
    for rule in rules:
        rest = _both(rest, _decided(rule, document, {"event": about}))
    return _validator(rest)


def _decided(rule: Schema, document: Schema, said: dict[str, Any]) -> Rules:
    """Return what a rule asks of an event that says ``said``; True if nothing."""
    guard = {**rule["if"], "$defs": document["$defs"]}
    if not set(_asked(guard, document, ())) <= _TOLD:
        return rule
    holds = _validator(guard).is_valid(said)
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


def _validator(document: Rules) -> Validator:
    # Without validate_formats a 2020-12 format is an annotation only.
    return Validator(document, validate_formats=True)

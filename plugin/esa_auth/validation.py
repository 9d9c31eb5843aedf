"""ECS document -> is it one. The schema is compiled once.

jsonschema-rs decides, on the path of every event; jsonschema explains a refusal. A
differential test holds the one against the other.
"""

from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator as Validator

from esa_auth.document import Document
from esa_auth.resources import schema

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


class EventSchema:
    """`schemas/auth-event.schema.json`, draft 2020-12 with formats asserted."""

    def __init__(self) -> None:
        self._schema, self._whole, self._context, self._rest = _compiled()
        self.valid = self._whole.is_valid

    def fits(self, document: Document) -> bool:
        """Return whether the whole of ``document`` is valid.

        What its context gives is looked at once for all events that have it. That and
        the rest are together what `valid` looks at, for a schema judges each field by
        itself, and where it does not (`allOf`) it is asked about the whole.
        """
        context = document.context
        if not context.valid:
            context.valid = self._context.is_valid(context.parts)
        return (
            context.valid
            and OF_CONTEXT.isdisjoint(document.own)
            and self._rest.is_valid(document.whole())
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
def _compiled() -> tuple[dict[str, Any], Validator, Validator, Validator]:
    # Once a process: `stream` has a pipeline for each appliance.
    document = schema("auth-event")
    fields: dict[str, Any] = document["properties"]
    context = {
        "$schema": document["$schema"],
        "$defs": document["$defs"],
        "type": "object",
        "additionalProperties": False,
        "properties": {name: fields[name] for name in OF_CONTEXT},
    }
    rest = {**document, "properties": {**fields, **dict.fromkeys(OF_CONTEXT, True)}}
    return document, _validator(document), _validator(context), _validator(rest)


def _validator(document: dict[str, Any]) -> Validator:
    # Without validate_formats a 2020-12 format is an annotation only.
    return Validator(document, validate_formats=True)

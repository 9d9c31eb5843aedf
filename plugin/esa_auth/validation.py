"""ECS document -> is it one. The schema is compiled once.

jsonschema-rs decides, on the path of every event; jsonschema explains a refusal. A
differential test holds the one against the other.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeAlias

from jsonschema_rs import Draft202012Validator as Validator

from esa_auth.kinds import OF_CONTEXT, Schema, of_kind, validator
from esa_auth.model.document import Context, Document
from esa_auth.resources import schema

Kind: TypeAlias = tuple[str | bool, ...]

_NO_SESSION: dict[str, Any] = {}


class EventSchema:
    """`schemas/auth-event.schema.json`, draft 2020-12 with formats asserted."""

    def __init__(self) -> None:
        self._schema, self._whole, _ = _compiled()
        self.valid = self._whole.is_valid

    def fits(self, document: Document) -> bool:
        """Return whether the whole of ``document`` is valid.

        What its context gives is looked at once for all events of a kind that have it.
        That and the rest are together what `valid` looks at, for a schema judges each
        field by itself; where it does not (`allOf`) the kind of the event says what is
        asked of each.
        """
        own, context = document
        about, session = own["event"], own["cisco_esa"].get("session", _NO_SESSION)
        kind = (
            about["action"],
            about.get("outcome", ""),
            session.get("context", ""),
            "tags" in own,
            *about["type"],
        )
        fits = context.fits.get(kind)
        if fits is None:
            fits = context.fits[kind] = _asked_of(kind, context)
        return fits(own)

    def reasons(self, event: object) -> list[str]:
        """Return why ``event`` is refused, at most eight reasons, worst first."""
        # Imported here because it takes long, and most runs refuse nothing.
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import relevance

        slow = Draft202012Validator(
            self._schema, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        errors = sorted(slow.iter_errors(event), key=relevance, reverse=True)
        found = [f"{e.json_path}: {e.message[:300]}" for e in errors[:8]]
        if found:
            return found
        # It knows the formats of addresses only; that of times needs packages that we
        # do without.
        fast = list(self._whole.iter_errors(event))[:8]
        return [f"{_json_path(e.instance_path)}: {e.message[:300]}" for e in fast]


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
    return document, validator(document), validator(context)


def _asked_of(kind: Kind, context: Context) -> Callable[[dict[str, Any]], bool]:
    """Return what decides about the fields of its own of an event with ``context``."""
    if context.valid is None:
        context.valid = _compiled()[2].is_valid(context.parts)
    of_context, of_own = of_kind(*kind)
    if context.valid and of_context.is_valid(context.parts):
        return of_own.is_valid
    return _never


def _json_path(steps: Iterable[str | int]) -> str:
    """Return a path as jsonschema writes it."""
    return "$" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)


def _never(own: dict[str, Any]) -> bool:
    return False

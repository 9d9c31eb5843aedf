"""ECS document -> is it one. The schema is compiled once.

jsonschema-rs decides; jsonschema explains a refusal. A differential test holds the one
against the other. An event is judged whole, or by parts: see `EventSchema.rules`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator as Validator

from esa_auth.resources import schema
from esa_auth.slots import Beyond, Path, Rules, Schema, validator


class EventSchema:
    """`schemas/auth-event.schema.json`, draft 2020-12 with formats asserted."""

    def __init__(self) -> None:
        self._schema, self._whole = _compiled()
        self.valid = self._whole.is_valid
        # By the places that an event may lack.
        self._rules: dict[frozenset[Path], Rules] = {}
        # By what they judge: kinds of events have most rules in common.
        self._judges: dict[bytes, Callable[[Any], bool]] = {}

    @property
    def document(self) -> Schema:
        """The schema itself."""
        return self._schema

    def rules(
        self,
        sample: dict[str, Any],
        places: Sequence[Path],
        optional: frozenset[Path],
    ) -> dict[Path, list[Schema]] | None:
        """Return the schema's rules for what is in ``places`` of an event.

        ``sample`` is an event with these places where others have other values, of
        which they may lack the ``optional`` ones. None: the schema refuses the sample,
        or more than rules for single values decides about others.
        """
        if not self._whole.is_valid(sample):
            return None
        if optional not in self._rules:
            self._rules[optional] = Rules(self._schema, optional)
        try:
            return self._rules[optional].of(sample, places)
        except Beyond:
            return None

    def judge(
        self, asked: Mapping[int, list[Schema]]
    ) -> tuple[list[int], Callable[[Any], bool]]:
        """Return which values are to be judged, and what judges them in this order.

        ``asked`` has the rules for each value by its number.
        """
        # A schema may ask nothing, and the judge is to have something to look at.
        numbers = [number for number, found in asked.items() if found] or [0]
        items = [{"allOf": [True, *asked.get(number, ())]} for number in numbers]
        key = orjson.dumps(items)
        judge = self._judges.get(key)
        if judge is None:
            about = {word: self._schema[word] for word in ("$schema", "$defs")}
            judge = validator({**about, "prefixItems": items}).is_valid
            self._judges[key] = judge
        return numbers, judge

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
def _compiled() -> tuple[Schema, Validator]:
    # Once a process: `stream` has a pipeline for each appliance.
    document = schema("auth-event")
    return document, validator(document)


def _json_path(steps: Iterable[str | int]) -> str:
    """Return a path as jsonschema writes it."""
    return "$" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)

"""ECS document -> is it one. The schema is compiled once.

jsonschema-rs decides, on the path of every event; jsonschema explains a refusal. A
differential test holds the one against the other.
"""

from functools import cache
from typing import Any

import jsonschema_rs

from esa_auth.resources import schema


class EventSchema:
    """`schemas/auth-event.schema.json`, draft 2020-12 with formats asserted."""

    def __init__(self) -> None:
        self._document, self._fast = _compiled()
        self.valid = self._fast.is_valid

    def reasons(self, event: dict[str, Any]) -> list[str]:
        """Return why ``event`` is refused, at most eight reasons, worst first."""
        # Imported here because it takes a second (its format checkers build a
        # grammar), and most runs refuse nothing.
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import relevance

        slow = Draft202012Validator(
            self._document, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        errors = sorted(slow.iter_errors(event), key=relevance, reverse=True)
        found = [f"{e.json_path}: {e.message[:300]}" for e in errors[:8]]
        if found:
            return found
        fast = list(self._fast.iter_errors(event))[:8]
        return [f"{e.instance_path}: {e.message[:300]}" for e in fast]


@cache
def _compiled() -> tuple[dict[str, Any], jsonschema_rs.Draft202012Validator]:
    # Once a process: `stream` has a pipeline for each appliance.
    document = schema("auth-event")
    # Without validate_formats a 2020-12 format is an annotation only.
    return document, jsonschema_rs.Draft202012Validator(document, validate_formats=True)

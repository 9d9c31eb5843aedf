"""What the schema says against a value, in the words of people."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from esa_auth.suggest import did_you_mean

_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "keys with values",
    "string": "text",
}
_LIMITS = {
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "exclusiveMinimum": "is not more than {}",
    "exclusiveMaximum": "is not less than {}",
    "maxLength": "is longer than {} characters",
}


def reasons(error: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what an error of jsonschema-rs says: a key at the place or "", and why."""
    keyword = str(error.schema_path[-1])
    asked: Any = schema
    for step in error.schema_path[:-1]:
        asked = asked[step]
    if keyword == "additionalProperties":
        known = asked.get("properties", {})
        for name in error.kind.unexpected:
            yield name, f"unknown key {name!r:.80}{did_you_mean(name, known)}"
    else:
        yield "", _reason(keyword, error.instance, asked) or error.message[:300]


def _reason(keyword: str, value: Any, asked: Mapping[str, Any]) -> str:
    shown = json.dumps(value)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}..."
    limit = asked[keyword]
    if keyword == "type":
        kinds = [limit] if isinstance(limit, str) else limit
        return f"{shown} is not {' or '.join(_KINDS[kind] for kind in kinds)}"
    if keyword == "enum":
        names = [name for name in limit if isinstance(name, str)]
        one_of = ", ".join("null" if name is None else str(name) for name in limit)
        return f"{shown} is none of {one_of}{did_you_mean(str(value), names)}"
    if keyword == "pattern":
        if "\0" in value:
            return "has a NUL character in it"
        examples = " or ".join(map(str, asked.get("examples", [])))
        return f"{shown} is not of the form {examples}" if examples else ""
    if keyword == "minLength":
        return "is empty" if limit == 1 else f"is shorter than {limit} characters"
    said = _LIMITS.get(keyword)
    return f"{shown} {said.format(limit)}" if said else ""

"""The golden events in both real engines, and the fields of the shipped mapping."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.support.golden_cases import golden_events

Json = dict[str, Any]

STREAM = "logs-cisco_esa.auth-golden"


@cache
def golden() -> list[Json]:
    """Return the golden events, each id once: cases share lines."""
    return list({event["event"]["id"]: event for _, event in golden_events()}.values())


def leaves(properties: Json, prefix: str = "") -> Iterator[tuple[str, Json]]:
    """Return each field of a mapping under its dotted name."""
    for name, field in properties.items():
        if "properties" in field:
            yield from leaves(field["properties"], f"{prefix}{name}.")
        else:
            yield prefix + name, field


def values(tree: Json, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Return each value of an event under the dotted name of its field."""
    for name, value in tree.items():
        path = prefix + name
        # A geo_point is one value of two numbers.
        if isinstance(value, dict) and value.keys() != {"lat", "lon"}:
            yield from values(value, f"{path}.")
        elif isinstance(value, list):
            yield from ((path, one) for one in value)
        else:
            yield path, value

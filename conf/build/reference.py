"""Schema and golden events -> the pages that list every field of an event.

A field without a description stops the build, so the page has them all.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.checkout import ROOT
from tests.support.golden_cases import golden_events

from esa_auth.resources import schema

PAGE = ROOT / "examples" / "events" / "fields.md"
_HEAD = """# Fields of an event

Made from `schemas/auth-event.schema.json` and the golden events by `make siem`; do not
edit. [What an event is](README.md). The examples come from different events.
"""
_LONGEST_EXAMPLE = 70


def generated() -> Iterator[tuple[Path, str]]:
    """Return the page and its text."""
    yield PAGE, _HEAD + "".join(_sections(schema("auth-event")))


def fields(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (dotted name, resolved schema) of every field, objects left out."""
    yield from _fields(document, document, "")


def _fields(
    document: Mapping[str, Any], node: Mapping[str, Any], path: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in node.get("properties", {}).items():
        name = f"{path}.{key}" if path else key
        whole = _resolved(document, value)
        if "properties" in whole:
            yield from _fields(document, whole, name)
        else:
            yield name, whole


def _resolved(document: Mapping[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference; what stands beside it wins."""
    reference = node.get("$ref")
    if reference is None:
        return node
    target = document["$defs"][reference.removeprefix("#/$defs/")]
    return {**_resolved(document, target), **node}


def _sections(document: Mapping[str, Any]) -> Iterator[str]:
    examples = dict(_examples())
    rows: dict[str, list[str]] = {"Top level": []}
    for name, node in fields(document):
        section = name.split(".")[0] if "." in name else "Top level"
        says, example = node["description"], examples.get(name, "")
        row = f"| `{name}` | {_kind(node)} | {says} | {example} |\n"
        rows.setdefault(section, []).append(row)
    for section, found in rows.items():
        about = document["properties"].get(section, {}).get("description", "")
        yield f"\n## {section}\n\n" + (f"{about}\n\n" if about else "")
        yield "| field | type | says | example |\n|---|---|---|---|\n"
        yield from found


def _kind(node: Mapping[str, Any]) -> str:
    """Say the type of a field, with its few values where they are few."""
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if "items" in node:
        return f"list of {_kind(node['items'])}"
    if "anyOf" in node or ("$ref" in node and node["$ref"].endswith("/ip")):
        return "IP address"
    if node.get("format") == "date-time":
        return "time"
    kind = node["type"]
    return " or ".join(kind) if isinstance(kind, list) else kind


def _examples() -> Iterator[tuple[str, str]]:
    """Yield (field, value as JSON), the shortest useful value of the golden events."""
    found: dict[str, str] = {}
    for _case, event in golden_events():
        for name, value in _leaves(event, ""):
            text = json.dumps(value, ensure_ascii=True).replace("|", "\\|")
            if len(text) <= _LONGEST_EXAMPLE and text not in ("[]", '""'):
                found.setdefault(name, f"`{text}`")
    yield from found.items()


def _leaves(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _leaves(value, name)
        else:
            yield name, value

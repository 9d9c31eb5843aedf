"""Configuration schema, defaults and command line -> the page that lists every key."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from tests.support.checkout import ROOT

from conf.build.option_page import commands
from esa_auth.commands.options import KEYS
from esa_auth.config.file import read_defaults
from esa_auth.inputs import framings
from esa_auth.resources import schema

PAGE = ROOT / "examples" / "configuration" / "keys.md"
_HEAD = """# Keys of the configuration

Made from `schemas/config.schema.json`, `conf/default.yaml` and the command line by
`make man`; do not edit. [How a configuration is written](README.md). A number is
exact: there are no units such as `64MiB` or `6h`.
"""
# A choice that the schema leaves to the program.
_CHOICES = {"input.format": framings.names()}


def generated() -> Iterator[tuple[Path, str]]:
    """Return the page and its text."""
    yield PAGE, _HEAD + "".join(_sections(schema("config")))


def keys(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (dotted path, its schema) of every key, those with keys below them too.

    ``NAME`` stands for a key that the user names.
    """
    yield from _keys(document, "")


def _keys(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    found = dict(node.get("properties", {}))
    if isinstance(node.get("additionalProperties"), dict):
        found["NAME"] = node["additionalProperties"]
    for key, value in found.items():
        name = f"{path}.{key}" if path else key
        yield name, value
        yield from _keys(value, name)


def options() -> Iterator[tuple[str, str]]:
    """Yield (option or argument, key that it sets) of all subcommands."""
    for command in commands().values():
        named = {action.dest: _shown(action) for action in command._actions}
        if "config" in named:
            yield from ((named[d], key) for d, key in KEYS.items() if d in named)


def _shown(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else str(action.metavar)


def _sections(document: Mapping[str, Any]) -> Iterator[str]:
    setters = {key: option for option, key in options()}
    yield _TABLE
    for name, node in keys(document):
        if "." not in name and not _is_map(node):
            yield _row(name, node, setters)
    for section, node in document["properties"].items():
        if not _is_map(node):
            continue
        yield f"\n## {section}\n\n{node['description']}\n"
        if "properties" in node or "additionalProperties" in node:
            yield _TABLE
        for name, inner in _keys(node, section):
            yield "" if _is_map(inner) else _row(name, inner, setters)


_TABLE = "\n| key | value | default | option | says |\n|---|---|---|---|---|\n"


def _is_map(node: Mapping[str, Any]) -> bool:
    return node.get("type") == "object"


def _row(name: str, node: Mapping[str, Any], setters: Mapping[str, str]) -> str:
    option = f"`{setters[name]}`" if name in setters else ""
    says = node["description"].replace("|", "\\|")
    return (
        f"| `{name}` | {_value(name, node)} | {_default(name)} | {option} | {says} |\n"
    )


def _value(name: str, node: Mapping[str, Any]) -> str:
    """Say what may stand there: its type, its range or its few values."""
    choices = node.get("enum", _CHOICES.get(name))
    if choices:
        return ", ".join(f"`{_written(value)}`" for value in choices)
    if node["type"] == "array":
        return f"list of {_value('', node['items'])}"
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    words = [_KINDS[kind] for kind in kinds]
    return " or ".join((words[0] + _range(node), *words[1:]))


_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true`, `false`",
    "null": "`null`",
}


def _range(node: Mapping[str, Any]) -> str:
    above, least, most = map(node.get, ("exclusiveMinimum", "minimum", "maximum"))
    if above is not None:
        return f" above {above}" + (f", at most {most}" if most is not None else "")
    if least is None:
        return ""
    return f" from {least}" + (f" to {most}" if most is not None else "")


def _default(name: str) -> str:
    found: Any = read_defaults()
    for key in name.split("."):
        if key not in found:
            return ""
        found = found[key]
    return f"`{_written(found)}`"


def _written(value: Any) -> str:
    """Return a value as YAML has it."""
    plain = isinstance(value, str) and yaml.safe_load(value) == value
    return str(value) if plain else json.dumps(value)

"""A file of YAML -> the tree of its keys, as `schemas/config.schema.json` has them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs

from esa_auth.config.values import check_utf8
from esa_auth.config.words import reasons
from esa_auth.errors import ConfigError
from esa_auth.resources import conf_text, schema

MAX_CONFIG = 1 << 20
TOP = "top level"
# Of the mistakes of a file that is something else.
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What a file says, and the line of each key, by its dotted path."""

    path: str
    tree: dict[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def located(self, text: str) -> str:
        """Return ``text``, which begins with the path of a key, with file and line."""
        line = self.lines.get(text.partition(": ")[0])
        return f"{self.path}:{line}: {text}" if line else f"{self.path}: {text}"


def read_defaults() -> dict[str, Any]:
    """Return what ships: `conf/default.yaml`, as JSON, which is read sooner."""
    tree: dict[str, Any] = json.loads(conf_text("default.json"))
    return tree


def read_file(path: str) -> ConfigFile:
    """Return what a file of the user says; a section without any key is left out.

    Raises:
        ConfigError: it cannot be read, is not YAML, or has keys or values that the
            schema has not; one text for each of them.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_CONFIG + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(data) > MAX_CONFIG:
        raise ConfigError(f"{path}: larger than {MAX_CONFIG} bytes")
    # Here, because most runs have no file and a start is to be short.
    from esa_auth.config.tree import parsed

    tree, lines, repeated = parsed(path, data)
    if tree is None:
        return ConfigFile(path)
    _check_plain(path, TOP, tree)
    asked = schema("config")
    tree = _filled(tree, asked)
    found = [(lines[key], f"{key}: is there twice") for key in repeated]
    for wrong in jsonschema_rs.Draft202012Validator(asked).iter_errors(tree):
        where = ".".join(map(str, wrong.instance_path))
        for key, why in reasons(wrong, asked):
            line = lines.get(".".join(filter(None, (where, key))), 1)
            found.append((line, f"{where or TOP}: {why}"))
    if found:
        found.sort()
        texts = [f"{path}:{line}: {text}" for line, text in found[:MOST_TOLD]]
        if len(found) > MOST_TOLD:
            texts.append(f"{path}: and {len(found) - MOST_TOLD} more")
        raise ConfigError(*texts)
    whole: dict[str, Any] = _whole(tree)
    return ConfigFile(path, whole, lines)


def _filled(value: Any, asked: Mapping[str, Any]) -> Any:
    """Return ``value`` with ``{}`` for a section whose keys are all commented out."""
    if value is None and asked.get("type") == "object":
        return {}
    if not isinstance(value, dict):
        return value
    known, others = asked.get("properties", {}), asked.get("additionalProperties")
    rest = others if isinstance(others, dict) else {}
    return {key: _filled(inner, known.get(key, rest)) for key, inner in value.items()}


def _check_plain(path: str, where: str, value: Any) -> None:
    """Refuse what YAML knows and JSON does not: dates, bytes, sets, keys not text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{path}: {where}: key {key!r:.80} is not text")
            inside = key if where == TOP else f"{where}.{key}"
            _check_plain(path, inside, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_plain(path, f"{where}.{index}", inner)
    elif isinstance(value, str):
        check_utf8(f"{path}: {where}", value)
    elif not isinstance(value, int | float | None):
        kind = type(value).__name__
        raise ConfigError(f"{path}: {where}: a {kind}; text needs quotes")


def _whole(value: Any) -> Any:
    """Return ``value`` with 4096 for 4096.0, which JSON Schema takes for an integer."""
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value

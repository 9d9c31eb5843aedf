"""A file of YAML -> the tree of its keys, as `schemas/config.schema.json` has them."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

from esa_auth.config.values import check_utf8
from esa_auth.errors import ConfigError
from esa_auth.resources import conf_text, schema

MAX_CONFIG = 1 << 20


def read_defaults() -> dict[str, Any]:
    """Return what ships: `conf/default.yaml`, as JSON, which is read sooner."""
    tree: dict[str, Any] = json.loads(conf_text("default.json"))
    return tree


def read_file(path: str) -> dict[str, Any]:
    """Return what a file of the user says.

    Raises:
        ConfigError: it cannot be read, is not YAML, or has keys or values that the
            schema has not.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_CONFIG + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(data) > MAX_CONFIG:
        raise ConfigError(f"{path}: larger than {MAX_CONFIG} bytes")
    tree = _parsed(path, data)
    if tree is None:
        return {}
    _check_plain(path, "top level", tree)
    found = jsonschema_rs.Draft202012Validator(schema("config")).iter_errors(tree)
    errors = sorted(found, key=lambda e: list(map(str, e.instance_path)))
    if errors:
        where = ".".join(map(str, errors[0].instance_path)) or "top level"
        raise ConfigError(f"{path}: {where}: {errors[0].message[:300]}")
    whole: dict[str, Any] = _whole(tree)
    return whole


def _parsed(path: str, data: bytes) -> Any:
    # Here, because most runs have no file and a start is to be short.
    import yaml

    class Careful(yaml.SafeLoader):
        """Refuses aliases: no configuration needs them, and a bomb is made of them."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise yaml.YAMLError("aliases are not allowed")
            return super().compose_node(parent, index)

    try:
        return yaml.load(data, Loader=Careful)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        why = " ".join(str(error).split())
        raise ConfigError(f"{path}: not YAML: {why}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: not YAML: nested too deeply") from error


def _check_plain(path: str, where: str, value: Any) -> None:
    """Refuse what YAML knows and JSON does not: dates, bytes, sets, keys not text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ConfigError(f"{path}: {where}: key {key!r:.80} is not text")
            inside = key if where == "top level" else f"{where}.{key}"
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

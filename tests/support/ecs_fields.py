"""The Elastic Common Schema as Elastic publishes it, and what an event has against it.

The npm package `@elastic/ecs` carries every field of a release as data; node writes
them out once, for there is no such package for Python.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from tests.support.engines import absent

VERSION = "9.4.0"
OWN_NAMESPACE = "cisco_esa"
TEXTS = {"keyword", "constant_keyword", "wildcard", "match_only_text"}
WHOLE_NUMBERS = {"long": 63, "integer": 31}

_CHECKOUT = Path(__file__).parents[2]
_WRITE_OUT = """
const { EcsFlat } = require(process.argv[1]);
require('fs').writeFileSync(process.argv[2], JSON.stringify(EcsFlat));
"""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")

Fields = dict[str, dict[str, Any]]


def published_fields(scratch: Path) -> Fields:
    """Return the fields by their dotted names, or end the test as not run."""
    folder = os.environ.get("ESA_AUTH_NODE_MODULES")
    modules = Path(folder) if folder else _CHECKOUT / ".cache/node/node_modules"
    package = modules / "@elastic" / "ecs"
    node = shutil.which("node")
    if node is None:
        absent("@elastic/ecs", "no node to read @elastic/ecs with")
    if not (package / "package.json").exists():
        absent("@elastic/ecs", "not installed (make engines, or ESA_AUTH_NODE_MODULES)")
    found = json.loads((package / "package.json").read_text("utf-8"))["version"]
    if found != VERSION:
        absent("@elastic/ecs", f"@elastic/ecs is {found} and not {VERSION}")
    out = scratch / "ecs_flat.json"
    subprocess.run([node, "-e", _WRITE_OUT, package, out], check=True, timeout=60)
    fields: Fields = json.loads(out.read_text("utf-8"))
    return fields


def problems(event: dict[str, Any], fields: Fields) -> list[str]:
    """Return what is wrong with ``event``, a line each."""
    found = []
    for name, value in _leaves(event, "", fields):
        field = fields.get(name)
        if field is None:
            found.append(f"{name}: no such field")
            continue
        is_list = isinstance(value, list)
        if is_list != ("array" in field["normalize"]):
            found.append(f"{name}: {'an' if is_list else 'no'} array")
        for item in value if is_list else [value]:
            if not _is_a(item, field["type"]):
                found.append(f"{name}: {item!r} is no {field['type']}")
            elif not _may_be(item, field):
                found.append(f"{name}: {item!r} is not an allowed value")
    return [*found, *_pairs(event, fields)]


def _leaves(
    tree: dict[str, Any], path: str, fields: Fields
) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{path}{key}"
        field = fields.get(name, {})
        if isinstance(value, dict) and field.get("type") != "geo_point":
            if name != OWN_NAMESPACE:
                yield from _leaves(value, f"{name}.", fields)
        else:
            yield name, value


def _is_a(value: object, kind: str) -> bool:
    if kind in TEXTS:
        return isinstance(value, str)
    if bits := WHOLE_NUMBERS.get(kind):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and abs(int(str(value))) < 2**bits
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "geo_point":
        # One of the forms that Elasticsearch takes.
        return isinstance(value, dict) and {k: type(v) for k, v in value.items()} == {
            "lat": float,
            "lon": float,
        }
    if not isinstance(value, str):
        return False
    try:
        if kind == "ip":
            return str(ip_address(value)) == value
        if kind == "date":
            return _DATE.fullmatch(value) is not None and bool(
                datetime.fromisoformat(value)
            )
    except ValueError:
        return False
    # Of the other kinds, objects and numbers with fractions, we write none.
    return False


def _may_be(value: object, field: dict[str, Any]) -> bool:
    names = [allowed["name"] for allowed in field.get("allowed_values", ())]
    return value in (names or field.get("expected_values") or [value])


def _pairs(event: dict[str, Any], fields: Fields) -> Iterator[str]:
    expected = {
        allowed["name"]: allowed.get("expected_event_types", [])
        for allowed in fields["event.category"]["allowed_values"]
    }
    about = event.get("event", {})
    for category in about.get("category", ()):
        for kind in about.get("type", ()):
            if kind not in expected.get(category, [kind]):
                yield f"event.type: {kind} is not expected with {category}"

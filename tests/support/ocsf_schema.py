"""OCSF 1.8.0, of the package `ocsf-json-schema`, and what a record has against it.

The JSON Schema made of it closes every object and holds types, enumerations and what is
required. What OCSF says in words only is held here: a caption goes with its id, an
observable points at a value of the event, `type_uid` is made of class and activity.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

Json = dict[str, Any]

VERSION = "1.8.0"
PROFILES = ["datetime", "host"]
_OTHER = 99


@cache
def published() -> Json:
    """Return the whole schema."""
    found: Json = get_ocsf_schema(version=VERSION)
    return found


@cache
def validator() -> jsonschema_rs.Draft202012Validator:
    """Return the validator of the class, in the profiles of our records."""
    schema = OcsfJsonSchemaEmbedded(published())
    name = schema.lookup_class_name_from_uid(3002)
    return jsonschema_rs.Draft202012Validator(schema.get_class_schema(name, PROFILES))


def problems(record: Json) -> list[str]:
    """Return what is wrong with ``record``, a line each."""
    found = [
        f"{'.'.join(map(str, error.instance_path)) or 'top'}: {error.message[:200]}"
        for error in validator().iter_errors(record)
    ]
    if found:
        return found
    attributes = published()["classes"]["authentication"]["attributes"]
    return [*_captions(record, attributes), *_observables(record), *_uids(record)]


def _captions(record: Json, attributes: Json, at: str = "") -> Iterator[str]:
    for name, value in record.items():
        attribute = attributes[name]
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and attribute["object_type"] != "object":
                inner = published()["objects"][attribute["object_type"]]["attributes"]
                yield from _captions(item, inner, f"{at}{name}.")
        caption = attribute.get("sibling")
        if caption and caption not in record:
            if value == _OTHER:
                yield f"{at}{caption}: missing, and {name} is Other"
        elif caption and value != _OTHER:
            expected = attribute["enum"][str(value)]["caption"]
            if record[caption] != expected:
                yield f"{at}{caption}: {record[caption]!r} is not {expected!r}"


def _observables(record: Json) -> Iterator[str]:
    for observable in record["observables"]:
        place: Any = record
        for part in observable["name"].split("."):
            place = place.get(part) if isinstance(place, dict) else None
        values = place if isinstance(place, list) else [place]
        if observable["value"] not in values:
            yield f"observables: {observable['name']} is not {observable['value']!r}"


def _uids(record: Json) -> Iterator[str]:
    if record["type_uid"] != record["class_uid"] * 100 + record["activity_id"]:
        yield f"type_uid: {record['type_uid']}"
    if record["metadata"]["version"] != VERSION:
        yield f"metadata.version: {record['metadata']['version']}"

"""The tables of other schemas: every field, and for OCSF and CIM what the code does."""

import copy
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from conf.build import mappings
from conf.build.mappings import Row, rows

from esa_auth.formats.cim import cim_event
from esa_auth.formats.ocsf import OCSF_VERSION, ocsf_event
from esa_auth.resources import schema
from tests.siem import searchtime
from tests.siem.test_splunk import CIM, VERDICTS
from tests.support.engines import require
from tests.support.mutations import EVENTS
from tests.support.ocsf_schema import published

Json = dict[str, Any]
Convert = Callable[[Json], Json]

CODE: dict[str, Convert] = {"ocsf": ocsf_event, "cim": cim_event}
# What stands in each OCSF record, or goes with a value that the table has.
OF_ITSELF = {
    *("category_uid", "category_name", "class_uid", "class_name"),
    *("metadata.version", "metadata.profiles", "is_remote", "device.type_id"),
    *("raw_data_hash.algorithm_id", "raw_data_hash.algorithm", "auth_protocol_id"),
    *("user.type_id", "user.type"),
    *("observables[].name", "observables[].type_id", "observables[].type"),
}
# Common fields of CIM, which the published model leaves out.
COMMON = {"dest_ip", "dest_port", "dvc", "src_host", "src_ip", "vendor_product"}
OTHER_VALUES = {
    "@timestamp": "2031-05-06T07:08:09.123Z",
    "event.start": "2031-05-06T07:08:09.123Z",
    "event.end": "2031-05-06T07:08:09.123Z",
    "event.duration": 123_000_000,
    "event.type": ["info"],
    "user.email": "changed@example.net",
    "log.level": "critical",
    "event.action": "smtp-auth-backend-error",
    "observer.ip": ["203.0.113.250", "203.0.113.251"],
}


def fields() -> Iterator[tuple[str, Json]]:
    """Return the fields of the schema of events, each with its part of the schema."""
    document = schema("auth-event")

    def walk(node: Json, prefix: str) -> Iterator[tuple[str, Json]]:
        for name, inner in node["properties"].items():
            reference = inner.get("$ref", "").removeprefix("#/$defs/")
            found = document["$defs"][reference] if reference else inner
            if "properties" in found:
                yield from walk(found, f"{prefix}{name}.")
            else:
                yield prefix + name, found

    yield from walk(document, "")


FIELDS = dict(fields())


def leaves(tree: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Return dotted names and values of a record; those of a list share a name."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{at}.{key}" if at else key)
    elif isinstance(tree, list) and tree and isinstance(tree[0], dict):
        for item in tree:
            yield from leaves(item, f"{at}[]")
    else:
        yield at, tree


def by_name(record: Json) -> dict[str, list[object]]:
    found: dict[str, list[object]] = defaultdict(list)
    for name, value in leaves(record):
        found[name].append(value)
    return found


def other(name: str, value: object) -> object:
    """Return another value for a field."""
    if name in OTHER_VALUES:
        return OTHER_VALUES[name]
    allowed = [word for word in FIELDS[name].get("enum", ()) if word != value]
    if allowed:
        return allowed[0]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float) or FIELDS[name].get("type") == "integer":
        return 1025
    if FIELDS[name].get("type") == "array":
        return ["changed"]
    return "203.0.113.250" if name.endswith(".ip") else "changed.example.net"


def with_another(event: Json, name: str) -> tuple[Json, object] | None:
    """Return the event with another value, or None where the field has no group."""
    made = copy.deepcopy(event)
    *groups, last = name.split(".")
    place = made
    for group in groups:
        if group not in place and not (place is not made and is_new(name)):
            return None
        place = place.setdefault(group, {})
    if last not in place and name in ("event.original", "event.hash"):
        # They come together or not at all.
        return None
    place[last] = other(name, place.get(last))
    return made, place[last]


@cache
def is_new(name: str) -> bool:
    """Whether no golden event has the group of the field, only one around it."""
    group = name.rpartition(".")[0] + "."
    return not any(
        found.startswith(group) for event in EVENTS for found, _ in leaves(event)
    )


@cache
def moved(format_: str, name: str) -> tuple[set[str], set[str]]:
    """Return what changes when the field does, and where its new value then stands."""
    convert = CODE[format_]
    changed: set[str] = set()
    carried: set[str] = set()
    for event in samples(name):
        another = with_another(event, name)
        if another is None:
            continue
        made, value = another
        before, after = by_name(convert(event)), by_name(convert(made))
        for home in before.keys() | after.keys():
            if before.get(home) == after.get(home):
                continue
            changed.add(home)
            if any(_holds(found, value) for found in after.get(home, ())):
                carried.add(home)
    return changed, carried


def _holds(found: object, value: object) -> bool:
    if isinstance(value, str) and isinstance(found, str):
        return value in found
    if isinstance(value, list) and not isinstance(found, list):
        return found in value
    return type(found) is type(value) and found == value


@cache
def samples(name: str) -> list[Json]:
    """Return events of every kind, those that have the field first."""
    groups: dict[tuple[str, ...], Json] = {}
    for event in EVENTS:
        about = event["event"]
        has = name in dict(leaves(event))
        mechanism = event["cisco_esa"].get("auth", {}).get("mechanism", "")
        kind = (str(has), about["action"], about.get("outcome", ""), mechanism)
        shape = ",".join(sorted(event))
        groups.setdefault((*kind, shape), event)
    found = list(groups.values())
    return found + [_without_addresses(event) for event in found]


def _without_addresses(event: Json) -> Json:
    """Return the event as it is where the log's address is no IP address."""
    made = copy.deepcopy(event)
    for side in ("source", "destination"):
        made.get(side, {}).pop("ip", None)
    return made


def test_every_field_has_its_row_and_no_other_has() -> None:
    names = [row.field for row in rows()]
    # This, where no schema has a name for it.
    missing = [
        f"{name},{name},unmapped.{name},AdditionalFields,additional.fields"
        for name in FIELDS
        if name not in names
    ]
    assert missing == []
    assert names == list(FIELDS)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.field)
@pytest.mark.parametrize("format_", CODE)
def test_the_table_says_what_the_code_does(format_: str, row: Row) -> None:
    changed, carried = moved(format_, row.field)
    homes = set(row.ocsf if format_ == "ocsf" else row.cim)
    # What the table names moves with the field, and where the value goes, it names.
    assert homes <= changed, homes - changed
    assert carried <= homes, carried - homes
    assert homes or not changed, changed


def test_nothing_in_a_record_has_no_origin() -> None:
    table = rows()
    homes = {"ocsf": OF_ITSELF.union(*(row.ocsf for row in table))}
    homes["cim"] = set().union(*(row.cim for row in table))
    for format_, convert in CODE.items():
        found = {name for event in EVENTS for name, _ in leaves(convert(event))}
        assert found <= homes[format_], found - homes[format_]


def test_every_home_in_ocsf_is_an_attribute_of_the_class() -> None:
    start = published()["classes"]["authentication"]["attributes"]
    for row in rows():
        for home in row.ocsf:
            attributes = start
            for part in home.replace("[]", "").split("."):
                attribute = attributes[part]
                kind = attribute.get("object_type")
                if kind == "object":
                    break
                objects = published()["objects"]
                attributes = objects[kind]["attributes"] if kind else {}


def test_every_home_in_cim_is_a_field_of_it_or_keeps_its_name() -> None:
    require("CIM", CIM.exists(), "not fetched (make engines)")
    (model,) = json.loads(CIM.read_text("utf-8"))["objects"]
    known = {field["name"] for field in model["fields"]} | COMMON
    for row in rows():
        assert set(row.cim) <= known | {row.field}, row.field


def test_cim_and_the_addon_say_the_same() -> None:
    """Every field that the add-on makes at search time, on every golden event."""
    require("CIM", CIM.exists(), "not fetched (make engines)")
    (model,) = json.loads(CIM.read_text("utf-8"))["objects"]
    known = {field["name"] for field in model["fields"]} | COMMON
    seen = set()
    for event in EVENTS:
        theirs = {k: v for k, v in searchtime.fields(event).items() if k in known}
        ours = {k: str(v) for k, v in cim_event(event).items() if k in known}
        assert ours == theirs
        seen |= set(ours)
    assert len(seen) > 15


def test_cim_has_what_the_model_requires() -> None:
    require("CIM", CIM.exists(), "not fetched (make engines)")
    (model,) = json.loads(CIM.read_text("utf-8"))["objects"]
    required = [f for f in model["fields"] if f["type"] == "required"]
    for event in EVENTS:
        if event["event"]["action"] in VERDICTS:
            record = cim_event(event)
            for field in required:
                value = record[field["name"]]
                assert value
                assert value in field.get("expected_values", [value])


def test_cim_is_flat_and_begins_with_its_time() -> None:
    for event in EVENTS:
        record = cim_event(event)
        assert next(iter(record)) == "@timestamp"
        flat = (str, int, float, bool, type(None))
        for value in record.values():
            items = value if isinstance(value, list) else [value]
            assert all(isinstance(item, flat) for item in items)


def test_the_page_speaks_of_the_version_that_is_written() -> None:
    text = (mappings.FOLDER / "README.md").read_text("utf-8")
    assert f"OCSF {OCSF_VERSION}, class Authentication (3002)" in text


def test_a_row_that_is_wrong_is_seen() -> None:
    """The check above would say so: a home too many, one too few, one of another."""
    changed, carried = moved("ocsf", "source.ip")
    assert carried == {"src_endpoint.ip", "observables[].value"}
    assert "dst_endpoint.ip" not in changed
    assert moved("ocsf", "client.ip") == (set(), set())

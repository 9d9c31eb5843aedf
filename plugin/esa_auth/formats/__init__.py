"""How an event is written: in which schema, and framed how. One row for each.

Another schema is a pure function of a valid ECS event; each event becomes exactly one
record. Where a field goes, `conf/mappings/` says.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import msgpack
import orjson

from esa_auth.errors import ConfigError

Json = dict[str, Any]
Convert = Callable[[Json], Json]
Encode = Callable[[Json], bytes]


class Schema(NamedTuple):
    """A schema that events can be written in.

    Its module, imported when it is asked for, has a function ``NAME_event``, which
    makes a record of an event; ECS, which is there already, has none.
    """

    name: str
    marks: frozenset[str]
    """Keys that no record of another schema has together."""
    origin: Callable[[Json], tuple[str, str]]
    """The raw line of a record, "" if it has none, and the name of its appliance."""


SCHEMAS = (
    Schema(
        "ecs",
        frozenset({"event", "observer", "cisco_esa"}),
        lambda r: (r["event"].get("original", ""), r["observer"]["name"]),
    ),
    Schema(
        "ocsf",
        frozenset({"class_uid", "metadata", "time_dt"}),
        lambda r: (r.get("raw_data", ""), r["device"]["name"]),
    ),
    Schema(
        "cim",
        frozenset({"@timestamp", "vendor_product", "signature"}),
        lambda r: (r.get("event.original", ""), r["dvc"]),
    ),
)


def converter(schema: str) -> Convert | None:
    """Return what makes records of ``schema``; None for ECS, which is there already."""
    if schema == "ecs":
        return None
    # Imported here, because most runs write ECS.
    module = import_module(f"esa_auth.formats.{schema}")
    convert: Convert = getattr(module, f"{schema}_event")
    return convert


def recorder(schema: str) -> Convert:
    """Return what makes a record of ``schema`` of an event."""
    return converter(schema) or (lambda event: event)


def encoder(framing: str, schema: str = "ecs") -> Encode:
    """Return how an event is written as bytes, framed as ``framing``."""
    return FRAMINGS[framing](schema)


def foreign(record: object) -> str | None:
    """Return the schema of a record that was an event of ours and is not ECS now."""
    if isinstance(record, dict):
        for schema in SCHEMAS:
            if schema.name != "ecs" and schema.marks <= record.keys():
                return schema.name
    return None


def refuse_foreign(record: object, where: str) -> None:
    """Return if ``record`` is anything but an event that `--format` made.

    Raises:
        ConfigError: it is one.
    """
    if schema := foreign(record):
        raise ConfigError(
            f"{where}: events of --format {schema}; only those of --format ecs are read"
        )


def origin(record: Json) -> tuple[str, str]:
    """Return the raw line of a record of any schema, "" if it has none, and whose."""
    name = foreign(record) or "ecs"
    (schema,) = [each for each in SCHEMAS if each.name == name]
    return schema.origin(record)


def json_line(event: Json) -> bytes:
    """Return an event as a line of JSON, as the pipeline itself can make it."""
    return orjson.dumps(event, None, orjson.OPT_APPEND_NEWLINE)


def _json_lines(schema: str) -> Encode:
    convert = converter(schema)
    return (lambda event: json_line(convert(event))) if convert else json_line


def _msgpack(schema: str) -> Encode:
    pack, record = msgpack.Packer().pack, recorder(schema)
    return lambda event: bytes(pack(record(event)))


FRAMINGS: dict[str, Callable[[str], Encode]] = {
    "json": _json_lines,
    "msgpack": _msgpack,
}

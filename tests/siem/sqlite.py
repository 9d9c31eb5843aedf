"""Runs pySigma's SQL for a rule over events, in the SQLite that Python carries."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from conf.build import queries
from conf.build.detections import Detection, Each
from sigma.backends.sqlite.sqlite import sqliteBackend
from sigma.collection import SigmaCollection

Event = dict[str, Any]


def flat(event: Event, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Return the fields of an event by their dotted names."""
    for key, value in event.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def table(events: Iterable[Event]) -> sqlite3.Connection:
    """Return a database whose table `logs` has a column for each mapped field."""
    rows = [dict(flat(event)) for event in events]
    names = sorted({name for row in rows for name in row} | queries.fields())
    columns = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" * (len(names) + 1))
    database = sqlite3.connect(":memory:")
    database.create_function("regexp", 2, _regexp, deterministic=True)
    database.execute(f"create table logs (timestamp, {columns})")
    database.executemany(
        f"insert into logs values ({marks})",  # noqa: S608 - names are the schema's
        [
            (row["@timestamp"], *(_cell(row.get(name)) for name in names))
            for row in rows
        ],
    )
    return database


def _regexp(pattern: str, value: str | None) -> bool:
    return value is not None and re.search(pattern, value) is not None


def _cell(value: object) -> object:
    # A list of one is what it holds, as in the engines that search.
    if isinstance(value, list):
        return value[0] if len(value) == 1 else json.dumps(value)
    return value


def found(detection: Detection, database: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Return what the rule names: group values, or raw lines of single events."""
    backend = sqliteBackend()  # type: ignore[no-untyped-call]
    rules = SigmaCollection.from_yaml(queries.written("sigma", detection))
    *_, query = backend.convert(rules)
    cursor = database.execute(query)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    if isinstance(detection.way, Each):
        field = detection.way.by.field if detection.way.by else "event.original"
        return {(str(row[field]),) for row in rows}
    keys = [json.loads(row["group_keys"]) for row in rows]
    return {tuple(map(str, key.values())) for key in keys}

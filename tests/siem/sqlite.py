"""Runs pySigma's SQL for a rule over events, in the SQLite that Python carries."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from conf.build.detections import Detection
from sigma.backends.sqlite.sqlite import sqliteBackend

Event = dict[str, Any]


def flat(event: Event, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Return the fields of an event by their dotted names."""
    for key, value in event.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def table(events: Iterable[Event]) -> sqlite3.Connection:
    """Return a database whose table `logs` has a column for each field."""
    rows = [dict(flat(event)) for event in events]
    names = sorted({name for row in rows for name in row})
    columns = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" * (len(names) + 1))
    database = sqlite3.connect(":memory:")
    database.execute(f"create table logs (timestamp, {columns})")
    database.executemany(
        f"insert into logs values ({marks})",  # noqa: S608 - names are the schema's
        [
            (row["@timestamp"], *(_cell(row.get(name)) for name in names))
            for row in rows
        ],
    )
    return database


def _cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, list) else value


def found(detection: Detection, database: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Return what the rule names: group values, or raw lines of single events."""
    backend = sqliteBackend()  # type: ignore[no-untyped-call]
    *_, query = backend.convert(detection.collection())
    cursor = database.execute(query)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    if detection.correlation is None:
        return {(row["event.original"],) for row in rows}
    fields = detection.correlation.group_by or []
    keys = [json.loads(row["group_keys"]) for row in rows]
    return {tuple(str(key[field]) for field in fields) for key in keys}

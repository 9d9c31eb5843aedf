"""Runs the KQL for Microsoft Sentinel in DuckDB, by `duckdb-kql` (tests only).

Not Microsoft's engine: what of KQL it does not know it refuses. It has no
`parse_ipv6_mask`; Python puts what that would give beside the event.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_network
from typing import Any

import duckdb
import duckdb_kql
from conf.build import sentinel
from conf.build.detections import Detection, Each, Scattered, groups
from conf.build.kusto import FUNCTION, column
from duckdb_kql.engine import schema as columns_of
from duckdb_kql.errors import KqlError

from tests.siem.finders import Found, plain

Event = dict[str, Any]

REFUSED = KqlError
_MASKED = "parse_ipv6_mask(source_ip, 64)"


def database(events: Iterable[Event]) -> duckdb.DuckDBPyConnection:
    """Return a database with the table `EsaAuth_CL` and the function `EsaAuth`."""
    made = duckdb_kql.connect()
    every = json.dumps([e | {"masked": _masked(e)} for e in events])
    made.execute(
        "create table EsaAuth_CL as"
        " select cast(e->>'@timestamp' as timestamptz) as TimeGenerated, e as Event"
        " from (select unnest(from_json(?, '[\"json\"]')) as e)",
        [every],
    )
    path = sentinel.FOLDER / f"{FUNCTION}.kql"
    text = path.read_text("utf-8").partition("\n")[2]
    assert text.count(_MASKED) == 1
    # As a table: what the function gives is asked for by every query.
    text = text.replace(_MASKED, "masked")
    text = text.replace(
        "    TimeGenerated,",
        '    masked = tostring(Event["masked"]),\n    TimeGenerated,',
    )
    made.execute(f"create table {FUNCTION} as {_translated(made, text)}")
    return made


def _translated(of: duckdb.DuckDBPyConnection, query: str) -> str:
    """Return a query in SQL."""
    known = ((t, tuple(names)) for t, names in columns_of(of).items())
    return _sql(query, tuple(known))


@cache
def _sql(query: str, schema: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    # To parse it takes longer than to run it.
    return str(duckdb_kql.to_sql(query, {t: list(names) for t, names in schema}))


def _masked(event: Event) -> str:
    address = event.get("source", {}).get("ip", "")
    if ":" not in address:
        return ""
    return ip_network((address, 64), strict=False).network_address.exploded


def rows(
    of: duckdb.DuckDBPyConnection, query: str, now: datetime
) -> list[dict[str, Any]]:
    """Return the rows of a query, run as if it were ``now``."""
    text = query.replace("ago(", f"(datetime({now.astimezone(UTC):%FT%TZ}) - ")
    answer = of.execute(_translated(of, text))
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def found(
    of: duckdb.DuckDBPyConnection, query: str, detection: Detection, now: datetime
) -> Found:
    """Return what a detection names."""
    way = detection.way
    answer = rows(of, query, now)
    if isinstance(way, Each) and way.by is None:
        return plain((row["event_original"],) for row in answer)
    if isinstance(way, Scattered):
        return {(f"{row['day']:%F}",) for row in answer}
    names = tuple(map(column, groups(detection)))
    return plain(tuple(str(row[name]) for name in names) for row in answer)

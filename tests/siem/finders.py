"""What each engine finds of a detection in a corpus, in a form that compares."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_interface, ip_network
from typing import Any

from conf.build import queries
from conf.build.detections import (
    Condition,
    Detection,
    Each,
    FirstSeen,
    Is,
    Scattered,
    Silent,
    groups,
    look_back,
    step_of,
)

from tests.siem import eql_engine, sqlite
from tests.siem.elastic.node import Elasticsearch
from tests.siem.engine import OpenSearch
from tests.siem.planted import Event

Found = set[tuple[str, ...]]
Row = dict[str, Any]

_OF_EVENT = {f"event.{name}": name for name in ("action", "outcome", "kind")}
# Searches in one request.
_TOGETHER = 200


def plain(found: Iterable[tuple[str, ...]]) -> Found:
    """Return keys with networks written in one way, and without regard to case."""
    return {tuple(map(_plain, key)) for key in found}


def _plain(value: str) -> str:
    try:
        address = ip_interface(value)
    except ValueError:
        return value.casefold()
    if address.version == 4:
        return str(address.ip)
    return str(ip_network((address.ip, 64), strict=False).network_address)


def in_elasticsearch(
    node: Elasticsearch,
    stream: str,
    query: str,
    detection: Detection,
    now: datetime,
    only: Row | None = None,
) -> Found:
    """Run ES|QL as if it were ``now``, over the events that ``only`` lets in."""
    asked = query.replace(queries.INDEX, stream)
    asked = asked.replace("NOW()", f'TO_DATETIME("{now:%Y-%m-%dT%H:%M:%SZ}")')
    rows = node.esql(asked, only)
    if isinstance(detection.way, Each) and detection.way.by is None:
        return plain((row["event.original"],) for row in rows)
    columns = groups(detection)
    if isinstance(detection.way, Scattered):
        return {(row["day"][:10],) for row in rows}
    return plain(tuple(str(row[c]) for c in columns) for row in rows)


def in_opensearch(
    node: OpenSearch,
    stream: str,
    query: str,
    detection: Detection,
    events: tuple[Event, ...],
    now: datetime,
) -> Found:
    """Run a query string, or a search template for each step in which events came."""
    way = detection.way
    if isinstance(way, Each):
        if way.by is None:
            return plain(node.lines(stream, query))
        hits = node.hits(stream, query)
        return plain((hit["cisco_esa"]["session"]["id"],) for hit in hits)
    ends = [now]
    if not isinstance(way, FirstSeen | Silent):
        step = step_of(look_back(detection))
        looked_at = [e for e in events if _selected(detection.select, e)]
        ends = sorted({_end(event, step) for event in looked_at})
    return in_windows(node, stream, json.loads(query), detection, ends)


def in_windows(
    node: OpenSearch,
    stream: str,
    source: Row,
    detection: Detection,
    ends: list[datetime],
) -> Found:
    """Run a search template as if at each of ``ends``."""
    found: Found = set()
    for at in range(0, len(ends), _TOGETHER):
        some = ends[at : at + _TOGETHER]
        answers = node.searches(stream, source, some)
        for end, buckets in zip(some, answers, strict=True):
            for bucket in buckets:
                found |= _keys(detection, bucket, end)
    return found


def _selected(conditions: tuple[Condition, ...], event: Event) -> bool:
    """Return whether a detection looks at an event, or may."""
    asked = [c for c in conditions if isinstance(c, Is) and c.field in _OF_EVENT]
    about = event["event"]
    return all(about.get(_OF_EVENT[c.field]) in c.values for c in asked)


def _end(event: Event, step: int) -> datetime:
    """Return the end of the first window that a monitor sees an event in."""
    at = datetime.fromisoformat(event["@timestamp"]).timestamp()
    step *= 60
    return datetime.fromtimestamp(-(-at // step) * step, UTC)


def _keys(detection: Detection, bucket: Row, end: datetime) -> Found:
    if isinstance(detection.way, Scattered):
        return {(f"{end:%Y-%m-%d}",)}
    if isinstance(detection.way, FirstSeen):
        networks = bucket["networks"]["buckets"]
        return plain((bucket["key"], network["key"]) for network in networks)
    if len(groups(detection)) > 1:
        return plain([tuple(bucket["key"].split(" ", 1))])
    return plain([(bucket["key"],)])


def in_eql(query: str, detection: Detection, events: tuple[Event, ...]) -> Found:
    """Run EQL in Elastic's Python engine."""
    found = []
    way = detection.way
    for match in eql_engine.matches(query, events):
        flat = dict(sqlite.flat(match[-1]))
        if isinstance(way, Each):
            fields: tuple[str, ...] = (way.by.field if way.by else "event.original",)
        else:
            by = getattr(way, "by", ())
            fields = tuple(
                key.field for key in (by if isinstance(by, tuple) else (by,))
            )
        found.append(tuple(str(flat[field]) for field in fields))
    return plain(found)


def hours_later(events: tuple[Event, ...], hours: int = 1) -> datetime:
    """Return a time after the last event."""
    last = datetime.fromisoformat(events[-1]["@timestamp"])
    return last + timedelta(hours=hours)

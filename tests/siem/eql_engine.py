"""Runs an EQL query over events in Elastic's own Python engine (`eql`, tests only)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import eql
from eql.engine import PythonEngine
from eql.parser import allow_runs, elasticsearch_syntax

Event = dict[str, Any]

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def parsed(query: str) -> object:
    """Return the syntax tree, or raise what the parser has against ``query``."""
    with elasticsearch_syntax, allow_runs:
        tree: object = eql.parse_query(query)
    return tree


def matches(query: str, events: Iterable[Event]) -> list[list[Event]]:
    """Return the events of each match."""
    out: list[list[Event]] = []
    engine = PythonEngine({"flatten": False})
    with elasticsearch_syntax, allow_runs:
        engine.add_query(parsed(query))
    engine.add_output_hook(
        lambda result: out.append([event.data for event in result.events])
    )
    engine.stream_events([_eql_event(event) for event in events])
    return out


def _eql_event(event: Event) -> object:
    at = datetime.fromisoformat(event["@timestamp"])
    # Ticks of 100 ns since 1601, which is how the engine counts time.
    ticks = int((at - _EPOCH).total_seconds() * 1000) * 10_000
    # A dead letter has no category.
    (kind, *_) = event["event"].get("category", ["none"])
    made: object = eql.Event(kind, ticks, event)
    return made

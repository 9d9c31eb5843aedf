"""Attack logs of others, where their folder is there: nothing of it is in the checkout.

ESA_AUTH_ATTACKS may name it. Each log is known by the letter and number that its
name begins with: which detections name something in it, and that no others do. In
`make test` an Elasticsearch runs them all, the others two; in `make soak` all do.
"""

import os
from functools import cache
from pathlib import Path

import pytest
from conf.build import queries
from conf.build.table import DETECTIONS

from tests.siem import finders, kusto_engine
from tests.siem.elastic.node import Elasticsearch
from tests.siem.engine import OpenSearch
from tests.siem.planted import Event
from tests.siem.server import Server
from tests.soak.sizes import FULL
from tests.support.engines import optional
from tests.support.process import esa_auth

BESIDE = Path(__file__).parents[3] / "shared" / "reference" / "attacks"
FOLDER = Path(os.environ.get("ESA_AUTH_ATTACKS", BESIDE))
# Beginning of the name -> the detections that name something in it.
NAMED: dict[str, set[str]] = {
    "a01": {"distributed_guessing"},
    "a03": {"brute_force_by_source", "password_spray"},
    "a04": {"relay_volume_by_user", "relay_volume_by_day"},
    "a06": {"success_after_failures"},
    "a08": {"success_after_failures"},
    "a10": {"context_missing", "guessing_without_address"},
    "n01": set(),
    "n03": set(),
}
SOME = pytest.mark.parametrize("name", NAMED if FULL else ("a03", "a10"))


@cache
def events_of(name: str) -> tuple[Event, ...]:
    (path,) = FOLDER.glob(f"{name}*")
    ended = esa_auth("filter", "--appliance", "esa01", stdin=path.read_bytes())
    ended.assert_complete()
    return tuple(sorted(ended.events, key=lambda event: str(event["@timestamp"])))


def filled(node: Server, name: str) -> tuple[str, tuple[Event, ...]]:
    optional("attack logs", FOLDER.exists(), "no folder (ESA_AUTH_ATTACKS)")
    stream, events = f"logs-cisco_esa.auth-{name}", events_of(name)
    became = {item["status"] for item in node.create(stream, events)}
    assert became == {201}
    return stream, events


@pytest.mark.parametrize("name", NAMED)
def test_in_elasticsearch(elasticsearch: Elasticsearch, name: str) -> None:
    stream, events = filled(elasticsearch, name)
    now = finders.hours_later(events)
    named = {
        detection.name
        for detection in DETECTIONS
        if finders.in_elasticsearch(
            elasticsearch, stream, queries.query("esql", detection), detection, now
        )
    }
    assert named == NAMED[name]


@SOME
def test_in_opensearch(opensearch: OpenSearch, name: str) -> None:
    stream, events = filled(opensearch, name)
    now = finders.hours_later(events)
    named = set()
    for detection in DETECTIONS:
        single = queries.impossible("opensearch", detection) is not None
        form = "lucene" if single else "opensearch"
        query = queries.query(form, detection)
        if finders.in_opensearch(opensearch, stream, query, detection, events, now):
            named.add(detection.name)
    assert named == NAMED[name]


@SOME
def test_in_duckdb(name: str) -> None:
    optional("attack logs", FOLDER.exists(), "no folder (ESA_AUTH_ATTACKS)")
    events = events_of(name)
    database = kusto_engine.database(events)
    now = finders.hours_later(events)
    named = {
        detection.name
        for detection in DETECTIONS
        if kusto_engine.found(
            database, queries.query("kusto", detection), detection, now
        )
    }
    assert named == NAMED[name]

"""Each field of an event is found by its value on both real engines, or refused."""

import copy
import json
from collections import Counter
from typing import Any

import pytest
from conf.build import templates

from tests.siem.engine import OpenSearch
from tests.siem.mapped import Json, golden, leaves, values
from tests.siem.server import Server

# Of these types a term is not the whole value.
WHOLE = ("match_only_text", "geo_point")


def with_value(path: str, value: object) -> Json:
    """Return a golden event that has another id, and ``value`` at ``path``."""
    event = copy.deepcopy(golden()[0])
    event["event"]["id"] = "A" * 22
    *parents, last = path.split(".")
    place = event
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    return event


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("source.ip", "198.51.100.256"),
        ("source.ip", "mail.example.com"),
        ("@timestamp", "yesterday"),
        ("event.start", "22 April"),
        ("cisco_esa.icid", "many"),
        ("cisco_esa.icid", "451"),
        ("cisco_esa.icid", 451.9),
        ("cisco_esa.icid", True),
        ("cisco_esa.summary.failures", "1"),
        ("cisco_esa.summary.recipients", {"count": 1}),
        ("event.duration", "long"),
        ("tls.established", "maybe"),
        ("cisco_esa.policy.sbrs", "rfc1918"),
        ("cisco_esa.policy.sbrs", "1.5"),
        ("source.ip", "198.51.100.0/24"),
        ("related.ip", ["198.51.100.7", "here"]),
        ("source.geo.location", "Munich"),
        ("source.as.number", "AS64500"),
        ("user", "ann"),
    ],
)
def test_a_mistyped_document_is_refused(
    server: Server, stream: str, path: str, value: object
) -> None:
    (became,) = server.create(stream, [with_value(path, value)])
    assert became["status"] == 400, became
    assert server.count(stream) == len(golden())


def test_another_dataset_is_refused(opensearch: OpenSearch) -> None:
    """By its constant_keyword; that of Elasticsearch has a stand-in which does not."""
    event = with_value("data_stream.dataset", "nginx.access")
    (became,) = opensearch.create("logs-cisco_esa.auth-dataset", [event])
    assert became["status"] == 400, became


def test_a_name_of_any_length_costs_no_document(server: Server) -> None:
    stream, event = "logs-cisco_esa.auth-long", copy.deepcopy(golden()[0])
    event["user"] = {"name": "n" * 40_000}
    event["event"]["original"] = event["message"] = "m" * 60_000
    event["related"]["user"] = ["n" * 40_000]
    event["a_field_of_a_later_version"] = {"b": 1}
    (became,) = server.create(stream, [event])
    assert became["status"] == 201, became


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        (
            {"term": {"source.ip": "198.51.100.0/24"}},
            lambda e: e.get("source", {}).get("ip", "").startswith("198.51.100."),
        ),
        (
            {"term": {"source.ip": "2001:db8::/32"}},
            lambda e: e.get("source", {}).get("ip", "").startswith("2001:db8:"),
        ),
        (
            {"term": {"event.action": "smtp-auth"}},
            lambda e: e["event"]["action"] == "smtp-auth",
        ),
        (
            {"term": {"user.name": "ann"}},
            lambda e: e.get("user", {}).get("name") == "ann",
        ),
        (
            {"geo_distance": {"distance": "9km", "source.geo.location": "48.1,11.6"}},
            lambda e: "location" in e.get("source", {}).get("geo", {}),
        ),
        (
            {"range": {"source.as.number": {"gte": 64500}}},
            lambda e: "as" in e.get("source", {}),
        ),
        (
            {"match": {"user.full_name.text": "ann"}},
            lambda e: "full_name" in e.get("user", {}),
        ),
        (
            {"term": {"tls.established": False}},
            lambda e: e.get("tls", {}).get("established") is False,
        ),
        (
            {"term": {"tags": "esa_no_session_context"}},
            lambda e: "tags" in e,
        ),
        (
            {"range": {"cisco_esa.icid": {"gte": 100, "lt": 1000}}},
            lambda e: 100 <= e["cisco_esa"].get("icid", 0) < 1000,
        ),
        (
            {"range": {"@timestamp": {"lt": "2010-01-01T00:00:00Z"}}},
            lambda e: e["@timestamp"] < "2010",
        ),
        (
            {"range": {"cisco_esa.policy.sbrs": {"lt": 0}}},
            lambda e: (e["cisco_esa"].get("policy", {}).get("sbrs") or 0) < 0,
        ),
        ({"exists": {"field": "error.code"}}, lambda e: "code" in e.get("error", {})),
        (
            {"match_phrase": {"message": "succeeded for user"}},
            lambda e: "succeeded for user" in e.get("message", ""),
        ),
    ],
)
def test_a_query_finds_what_the_events_hold(
    server: Server, stream: str, query: Json, matches: Any
) -> None:
    wanted = sum(1 for event in golden() if matches(event))
    assert wanted > 0
    assert server.count(stream, query) == wanted


def test_an_aggregation_counts_what_the_events_hold(
    server: Server, stream: str
) -> None:
    body = {
        "size": 0,
        "aggs": {
            "actions": {"terms": {"field": "event.action"}},
            "sources": {"cardinality": {"field": "source.ip"}},
            "recipients": {"sum": {"field": "cisco_esa.summary.recipients"}},
            "years": {
                "date_histogram": {
                    "field": "@timestamp",
                    "calendar_interval": "year",
                    "format": "yyyy",
                    "min_doc_count": 1,
                }
            },
        },
    }
    aggs = server.ask("POST", f"/{stream}/_search", body).good()["aggregations"]
    events = golden()
    actions = [event["event"]["action"] for event in events]
    years = [event["@timestamp"][:4] for event in events]
    assert {b["key"]: b["doc_count"] for b in aggs["actions"]["buckets"]} == {
        action: actions.count(action) for action in set(actions)
    }
    assert aggs["sources"]["value"] == len(
        {e["source"]["ip"] for e in events if "ip" in e.get("source", {})}
    )
    assert aggs["recipients"]["value"] == sum(
        e["cisco_esa"].get("summary", {}).get("recipients", 0) for e in events
    )
    assert {b["key_as_string"]: b["doc_count"] for b in aggs["years"]["buckets"]} == {
        year: years.count(year) for year in set(years)
    }


def asked() -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """Return how many golden events have each value, as JSON, and each field."""
    fields = dict(leaves(templates.mappings("elastic")["properties"]))
    by_value: Counter[tuple[str, str]] = Counter()
    by_field: Counter[str] = Counter()
    for event in golden():
        there = {
            (name, json.dumps(value))
            for name, value in values(event)
            if value is not None and fields[name].get("index", True)
            # Longer texts are kept and not indexed.
            if not (isinstance(value, str) and len(value) > templates.LONGEST_TERM)
        }
        by_field.update({name for name, _ in there})
        by_value.update(
            one
            for one in there
            if fields[one[0]]["type"] not in ("match_only_text", "geo_point")
        )
    return by_value, by_field


def test_every_value_of_every_field_is_found(server: Server, stream: str) -> None:
    """In as many events as have it, no more and no less."""
    by_value, by_field = asked()
    assert len(by_field) > 80
    wanted: list[tuple[Json, int]] = [
        ({"term": {name: json.loads(value)}}, count)
        for (name, value), count in by_value.items()
    ]
    wanted += [({"exists": {"field": name}}, count) for name, count in by_field.items()]
    assert len(wanted) > 2000
    wrong = []
    for at in range(0, len(wanted), 500):
        part = wanted[at : at + 500]
        counts = server.counts(stream, [query for query, _ in part])
        wrong += [(one, n) for one, n in zip(part, counts, strict=True) if one[1] != n]
    assert wrong == []

"""The index templates on a real OpenSearch, and their fields beside ECS."""

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from conf.build import templates

from tests.siem.engine import OpenSearch, shipped
from tests.support.ecs_fields import published_fields
from tests.support.golden_cases import golden_events

Json = dict[str, Any]

STREAM = "logs-cisco_esa.auth-golden"


@cache
def golden() -> list[Json]:
    """Return the golden events, each id once: cases share lines."""
    return list({event["event"]["id"]: event for _, event in golden_events()}.values())


@pytest.fixture(scope="module")
def stream(opensearch: OpenSearch) -> str:
    """Return a data stream that holds the golden events."""
    became = opensearch.create(STREAM, golden())
    assert [item["status"] for item in became] == [201] * len(golden())
    return STREAM


def leaves(properties: Json, prefix: str = "") -> Iterator[tuple[str, Json]]:
    for name, field in properties.items():
        if "properties" in field:
            yield from leaves(field["properties"], f"{prefix}{name}.")
        else:
            yield prefix + name, field


def test_a_document_makes_a_data_stream(opensearch: OpenSearch, stream: str) -> None:
    (found,) = opensearch.ask("GET", f"/_data_stream/{stream}").good()["data_streams"]
    assert found["template"] == "logs-cisco_esa.auth"
    assert len(found["indices"]) == 1


def test_the_mapping_is_the_shipped_one(opensearch: OpenSearch, stream: str) -> None:
    answer = opensearch.ask("GET", f"/{stream}/_mapping").good()
    (index,) = answer.values()
    properties = shipped("component-mappings")["template"]["mappings"]["properties"]
    assert dict(leaves(index["mappings"]["properties"])) == dict(leaves(properties))


def test_a_replay_adds_nothing(opensearch: OpenSearch, stream: str) -> None:
    became = opensearch.create(stream, golden())
    assert [item["status"] for item in became] == [409] * len(golden())
    assert opensearch.count(stream) == len(golden())


def test_after_a_rollover_what_is_there_is_asked_for(opensearch: OpenSearch) -> None:
    """An id is unique within one index behind the stream; the README says what then."""
    stream, events = "logs-cisco_esa.auth-rolled", golden()[:20]
    opensearch.create(stream, events[:10])
    opensearch.ask("POST", f"/{stream}/_rollover").good()
    ids = [event["event"]["id"] for event in events]
    body = {"size": 20, "_source": False, "query": {"ids": {"values": ids}}}
    hits = opensearch.ask("POST", f"/{stream}/_search", body).good()["hits"]["hits"]
    there = {hit["_id"] for hit in hits}
    assert there == set(ids[:10])
    opensearch.create(stream, [e for e in events if e["event"]["id"] not in there])
    assert opensearch.count(stream) == 20


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("source.ip", "198.51.100.256"),
        ("source.ip", "mail.example.com"),
        ("@timestamp", "yesterday"),
        ("event.start", "22 April"),
        ("cisco_esa.icid", "many"),
        ("cisco_esa.summary.recipients", {"count": 1}),
        ("event.duration", "long"),
        ("tls.established", "maybe"),
        ("cisco_esa.policy.sbrs", "rfc1918"),
        ("related.ip", ["198.51.100.7", "here"]),
        ("source.geo.location", "Munich"),
        ("source.as.number", "AS64500"),
        ("data_stream.dataset", "nginx.access"),
        ("user", "ann"),
    ],
)
def test_a_mistyped_document_is_refused(
    opensearch: OpenSearch, stream: str, path: str, value: object
) -> None:
    event = copy.deepcopy(golden()[0])
    event["event"]["id"] = "A" * 22
    *parents, last = path.split(".")
    place = event
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    (became,) = opensearch.create(stream, [event])
    assert became["status"] == 400, became
    assert opensearch.count(stream) == len(golden())


def test_a_name_of_any_length_costs_no_document(opensearch: OpenSearch) -> None:
    stream, event = "logs-cisco_esa.auth-long", copy.deepcopy(golden()[0])
    event["user"] = {"name": "n" * 40_000}
    event["event"]["original"] = event["message"] = "m" * 60_000
    event["related"]["user"] = ["n" * 40_000]
    event["a_field_of_a_later_version"] = {"b": 1}
    (became,) = opensearch.create(stream, [event])
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
    opensearch: OpenSearch, stream: str, query: Json, matches: Any
) -> None:
    wanted = sum(1 for event in golden() if matches(event))
    assert wanted > 0
    assert opensearch.count(stream, query) == wanted


def test_an_aggregation_counts_what_the_events_hold(
    opensearch: OpenSearch, stream: str
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
    aggs = opensearch.ask("POST", f"/{stream}/_search", body).good()["aggregations"]
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


def test_the_flavours_differ_in_nothing_but_the_namespace() -> None:
    elastic, opensearch = (
        dict(leaves(templates.mappings(flavour)["properties"]))
        for flavour in ("elastic", "opensearch")
    )
    assert {name for name, field in elastic.items() if field != opensearch[name]} == {
        "data_stream.namespace"
    }
    assert elastic.keys() == opensearch.keys()


def test_the_types_are_those_of_ecs(tmp_path_factory: pytest.TempPathFactory) -> None:
    fields = published_fields(tmp_path_factory.mktemp("ecs"))
    ours = dict(leaves(templates.mappings("elastic")["properties"]))
    assert {name for name in ours if name not in fields} == {
        name for name in ours if name.startswith("cisco_esa.")
    }
    assert {
        name: (field["type"], fields[name]["type"])
        for name, field in ours.items()
        if name in fields and fields[name]["type"] not in _as_good_as(field["type"])
    } == {}


def _as_good_as(kind: str) -> set[str]:
    # ECS has the fields of a stream as constant_keyword, keyword is the wider type.
    return {kind, "wildcard"} if kind == "keyword" else {kind}


def test_every_field_of_every_golden_event_is_mapped() -> None:
    ours = {name for name, _ in leaves(templates.mappings("elastic")["properties"])}
    for event in golden():
        assert {name for name, _ in _values(event, "")} <= ours


def _values(tree: Json, prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        # A geo_point is one value of two numbers.
        if isinstance(value, dict) and value.keys() != {"lat", "lon"}:
            yield from _values(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value

"""The index templates on both real engines, and their fields beside ECS."""

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conf.build import templates

from tests.siem.elastic.node import Elasticsearch
from tests.siem.engine import OpenSearch
from tests.siem.mapped import golden, leaves, values
from tests.siem.server import Server
from tests.support.ecs_fields import published_fields
from tests.support.process import esa_auth

Json = dict[str, Any]

# Modules of Elasticsearch that have a stand-in: what a type is there, and what is lost.
STAND_INS = {"constant_keyword": "keyword", "match_only_text": "text"}


def as_stored(server: Server, field: Json) -> Json:
    """Return a field of the shipped mapping as the node has it."""
    if isinstance(server, OpenSearch):
        return field
    stored = field | {"type": STAND_INS.get(field["type"], field["type"])}
    if "fields" in field:
        stored["fields"] = {n: as_stored(server, f) for n, f in field["fields"].items()}
    return {key: value for key, value in stored.items() if key != "value"}


def indices(server: Server, stream: str) -> list[str]:
    state = server.ask("GET", "/_cluster/state/metadata").good()["metadata"]
    streams = state["data_stream"].get("data_stream", state["data_stream"])
    return [index["index_name"] for index in streams[stream]["indices"]]


def test_a_document_makes_a_data_stream(server: Server, stream: str) -> None:
    (index,) = indices(server, stream)
    answer = server.ask("GET", f"/{stream}/_settings").good()[index]["settings"]
    assert answer["index"]["codec"] == "best_compression"
    assert answer["index"]["final_pipeline"] == templates.PIPELINE
    if isinstance(server, Elasticsearch):
        assert answer["index"]["lifecycle"] == {"name": "logs-cisco_esa.auth"}


def test_the_mapping_is_the_shipped_one(server: Server, stream: str) -> None:
    answer = server.ask("GET", f"/{stream}/_mapping").good()
    (index,) = answer.values()
    opensearch = isinstance(server, OpenSearch)
    shipped = templates.mappings("opensearch" if opensearch else "elastic")
    ours = dict(leaves(shipped["properties"]))
    assert dict(leaves(index["mappings"]["properties"])) == {
        name: as_stored(server, field) for name, field in ours.items()
    }


def test_the_lifecycle_is_one_of_elastic(elasticsearch: Elasticsearch) -> None:
    """Read, checked and made into steps by its own classes, which run nothing here."""
    policy = templates.elastic_lifecycle()
    path = "/_ilm/policy/logs-cisco_esa.auth"
    assert elasticsearch.ask("PUT", path, policy).good()["steps"] > 10
    policy["policy"]["phases"]["delete"]["min_age"] = "a year"
    assert elasticsearch.ask("PUT", path, policy).status == 400
    policy = templates.elastic_lifecycle()
    policy["policy"]["phases"]["hot"]["actions"]["roll_over"] = {}
    assert elasticsearch.ask("PUT", path, policy).status == 400


def test_an_event_is_kept_to_the_letter(server: Server, stream: str) -> None:
    """And beside it only when it reached the index, of the index's own clock."""
    began = datetime.now(UTC) - timedelta(days=1)
    body = {"size": 10_000}
    hits = server.ask("POST", f"/{stream}/_search", body).good()["hits"]["hits"]
    kept = {hit["_id"]: hit["_source"] for hit in hits}
    for event in kept.values():
        assert datetime.fromisoformat(event["event"].pop("ingested")) > began
    assert kept == {event["event"]["id"]: event for event in golden()}


def test_a_document_is_an_event_for_check(
    server: Server, stream: str, tmp_path: Path
) -> None:
    """As it comes back from the index, with the time that the pipeline sets."""
    body = {"size": 10_000}
    hits = server.ask("POST", f"/{stream}/_search", body).good()["hits"]["hits"]
    file = tmp_path / "documents.ndjson"
    file.write_text("".join(json.dumps(hit["_source"]) + "\n" for hit in hits))
    words = ["check", "--events", str(file)]
    assert esa_auth(*words).code == 1
    ended = esa_auth(*words, "--allow-shipper-fields")
    assert (ended.code, ended.stderr) == (0, "")
    assert f"events: {len(golden())} good, 0 refused" in ended.stdout.decode()


def test_the_time_of_the_sender_is_not_taken(server: Server) -> None:
    stream, event = "logs-cisco_esa.auth-ingested", copy.deepcopy(golden()[0])
    event["event"]["ingested"] = "2001-01-01T00:00:00Z"
    (became,) = server.create(stream, [event])
    assert became["status"] == 201
    query = {"range": {"event.ingested": {"gte": "now-1h"}}}
    assert server.count(stream, query) == 1


def test_a_replay_adds_nothing(server: Server, stream: str) -> None:
    became = server.create(stream, golden())
    assert [item["status"] for item in became] == [409] * len(golden())
    assert server.count(stream) == len(golden())


def test_after_a_rollover_what_is_there_is_asked_for(server: Server) -> None:
    """An id is unique within one index behind the stream; the README says what then."""
    stream, events = "logs-cisco_esa.auth-rolled", golden()[:20]
    server.create(stream, events[:10])
    server.ask("POST", f"/{stream}/_rollover").good()
    assert len(indices(server, stream)) == 2
    ids = [event["event"]["id"] for event in events]
    body = {"size": 20, "_source": False, "query": {"ids": {"values": ids}}}
    hits = server.ask("POST", f"/{stream}/_search", body).good()["hits"]["hits"]
    there = {hit["_id"] for hit in hits}
    assert there == set(ids[:10])
    server.create(stream, [e for e in events if e["event"]["id"] not in there])
    assert server.count(stream) == 20


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
        assert {name for name, _ in values(event)} <= ours

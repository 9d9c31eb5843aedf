"""The rules for Kibana have its form and find what is planted; no Kibana is there."""

import copy
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conf.build import kibana_rules, queries
from conf.build.table import DETECTIONS
from jsonschema import Draft202012Validator, FormatChecker

from tests.siem import finders
from tests.siem.elastic.node import Elasticsearch
from tests.siem.finders import plain
from tests.siem.planted import events_of
from tests.siem.scenarios import LOOKED, SCENARIOS, TEN_AND_TEN, corpus
from tests.siem.streams import CORPORA, filled

Json = dict[str, Any]

SCHEMA = json.loads(Path(__file__).with_name("kibana_rule.schema.json").read_text())
VALID = Draft202012Validator(SCHEMA, format_checker=FormatChecker())


def shipped(name: str) -> dict[str, Json]:
    """Return the rules of a file by the names of their detections."""
    text = (kibana_rules.FOLDER / f"{name}.ndjson").read_text("utf-8")
    rules = map(json.loads, text.splitlines())
    return {rule["tags"][-1].removeprefix("esa-auth: "): rule for rule in rules}


EXACT, LIVE = shipped("rules"), shipped("rules-live")


def test_every_detection_has_a_rule_and_some_have_another_for_live_logs() -> None:
    assert list(EXACT) == [d.name for d in DETECTIONS]
    assert {rule["type"] for rule in EXACT.values()} == {"query", "esql"}
    assert {rule["type"] for rule in LIVE.values()} == {"threshold", "eql", "new_terms"}
    every = [*EXACT.values(), *LIVE.values()]
    for key in ("rule_id", "name"):
        assert len({rule[key] for rule in every}) == len(every)
    assert not any(rule["enabled"] for rule in every)


@pytest.mark.parametrize("name", ["rules", "rules-live"])
def test_a_rule_has_the_form_of_the_api(name: str) -> None:
    for of, rule in shipped(name).items():
        assert [e.message for e in VALID.iter_errors(rule)] == [], of


BROKEN: dict[str, Json] = {
    "type": {"type": "sigma"},
    "severity": {"severity": "informational"},
    "risk": {"risk_score": 101},
    "interval": {"interval": "5 minutes"},
    "look-back": {"from": "now-1w"},
    "an unknown key": {"look_back": "5m"},
    "a key of another type": {"new_terms_fields": ["user.name"]},
    "suppression": {"alert_suppression": {"group_by": [], "duration": None}},
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_form_refuses(what: str) -> None:
    rule = copy.deepcopy(EXACT["password_spray"])
    assert VALID.is_valid(rule)
    assert not VALID.is_valid(rule | BROKEN[what])


def test_the_guide_of_a_rule_is_its_runbook_without_links() -> None:
    for rule in EXACT.values():
        assert rule["note"].startswith("## What it means on an ESA\n")
        assert "## What to check" in rule["note"]
        assert "## How to tune" in rule["note"]
        assert ".md)" not in rule["note"]


@pytest.mark.parametrize("name", [n for n, r in EXACT.items() if r["type"] == "esql"])
def test_a_table_names_what_is_planted_in_fields_of_ecs(
    elasticsearch: Elasticsearch, name: str
) -> None:
    detection = queries.named(name)
    for of in ("days", "weeks"):
        if wanted := corpus(CORPORA[of]).expected.get(name):
            stream, _ = filled(elasticsearch, of)
            query = EXACT[name]["query"]
            found = finders.in_elasticsearch(
                elasticsearch, stream, query, detection, LOOKED
            )
            assert found == plain(wanted)
            shown = EXACT[name]["investigation_fields"]["field_names"]
            asked = query.replace(queries.INDEX, stream)
            asked = asked.replace("NOW()", f'TO_DATETIME("{LOOKED:%FT%TZ}")')
            rows = elasticsearch.esql(asked)
            assert all(set(shown) <= row.keys() for row in rows)
            assert all(row["observer.name"] for row in rows if "observer.name" in row)


@pytest.mark.parametrize("name", [n for n, r in EXACT.items() if r["type"] == "query"])
def test_a_query_of_kibana_finds_what_is_planted(
    elasticsearch: Elasticsearch, name: str
) -> None:
    """By Elasticsearch's own reader of KQL, which is not Kibana's."""
    body = {"size": 1000, "query": {"kql": {"query": EXACT[name]["query"]}}}
    stream, _ = filled(elasticsearch, "days")
    hits = elasticsearch.ask("POST", f"/{stream}/_search", body).good()["hits"]["hits"]
    found = plain((hit["_source"]["event"]["original"],) for hit in hits)
    assert found == plain(corpus(SCENARIOS).expected[name])


def groups(node: Elasticsearch, rule: Json, now: datetime) -> set[tuple[str, ...]]:
    """Return the groups that a threshold rule counts enough of, if run ``now``."""
    counted = rule["threshold"]
    (field,) = counted["field"]
    back = timedelta(minutes=int(rule["from"][4:-1]))
    times = {"gt": (now - back).isoformat(), "lte": now.isoformat()}
    distinct = counted.get("cardinality", [])
    inner = {one["field"]: {"cardinality": {"field": one["field"]}} for one in distinct}
    terms = {"field": field, "size": 1000, "min_doc_count": counted["value"]}
    body = {
        "size": 0,
        "query": {
            "bool": {
                "filter": [
                    {"range": {"@timestamp": times}},
                    {"kql": {"query": rule["query"]}},
                ]
            }
        },
        "aggs": {"by": {"terms": terms, "aggs": inner}},
    }
    stream, _ = filled(node, "ten")
    answer = node.ask("POST", f"/{stream}/_search", body).good()
    return plain(
        (bucket["key"],)
        for bucket in answer["aggregations"]["by"]["buckets"]
        if all(bucket[one["field"]]["value"] >= one["value"] for one in distinct)
    )


@pytest.mark.parametrize(
    "name", ["brute_force_by_source", "one_user_from_many_sources"]
)
def test_a_threshold_on_its_schedule_finds_the_ten_and_not_the_near_misses(
    elasticsearch: Elasticsearch, name: str
) -> None:
    rule = LIVE[name]
    every = timedelta(minutes=int(rule["interval"][:-1]))
    first = datetime.fromisoformat(events_of(TEN_AND_TEN)[0]["@timestamp"])
    runs = (first + n * every for n in range(200 // (every.seconds // 60)))
    found = {key for run in runs for key in groups(elasticsearch, rule, run)}
    assert found == plain(corpus(TEN_AND_TEN).expected[name])

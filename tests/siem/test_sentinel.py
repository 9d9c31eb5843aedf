"""The KQL for Microsoft Sentinel: read by Microsoft's parser, run in DuckDB."""

import json
import re
import subprocess
from functools import cache
from typing import Any

import duckdb
import pytest
from conf.build import asim, queries, sentinel
from conf.build.detections import Detection, FirstSeen, Silent
from conf.build.kusto import FUNCTION
from conf.build.table import DETECTIONS

from tests.siem import kusto_engine
from tests.siem.delays import DELAYS, Delay, kusto_on_schedule
from tests.siem.finders import plain
from tests.siem.planted import Event, events_of
from tests.siem.scenarios import LOOKED, TEN_AND_TEN, corpus
from tests.siem.server import LONG
from tests.siem.streams import CORPORA
from tests.soak.sizes import FULL
from tests.support.checkout import ROOT
from tests.support.engines import require

Json = dict[str, Any]

PARSER = ROOT / ".cache" / "node" / "node_modules" / "@kusto/language-service-next"
CHECK = ROOT / "tests" / "siem" / "kusto_check.js"
VERDICTS = {"smtp-auth", "smtp-auth-client", "admin-login"}


def text(name: str) -> str:
    return (sentinel.FOLDER / f"{name}.kql").read_text("utf-8")


def rules() -> list[Json]:
    whole = json.loads((sentinel.FOLDER / "analytics-rules.json").read_text("utf-8"))
    return [resource["properties"] for resource in whole["resources"]]


def verdicts(asked: list[str]) -> list[list[str]]:
    """Return what the parser has against each query."""
    require("parser of KQL", PARSER.exists(), "not installed (make engines)")
    parsers = {
        "ASimAuthenticationEsaAuth": "disabled: bool = false",
        "vimAuthenticationEsaAuth": asim.signature(),
    }
    functions = [
        [name, f"({parameters})", f"{{\n{text(name)}}}"]
        for name, parameters in ({FUNCTION: ""} | parsers).items()
    ]
    body = {"folder": str(PARSER), "functions": functions, "queries": asked}
    done = subprocess.run(
        ["node", CHECK],
        input=json.dumps(body).encode(),
        capture_output=True,
        timeout=LONG,
        check=True,
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_microsofts_parser_has_nothing_against_the_kql() -> None:
    """Nor against a name or a type in it."""
    values = {name: kind.split(" = ")[1] for name, kind in asim.FILTERS.items()}
    given = "".join(f"let {name} = {value};\n" for name, value in values.items())
    of_rules = [rule["query"] for rule in rules()]
    every = [queries.query("kusto", d).rstrip() for d in queries.shipped("kusto")]
    # A rule has the whole of its query, to which it adds entities.
    in_no_rule = [q for q in every if not any(r.startswith(q) for r in of_rules)]
    assert len(in_no_rule) == 1
    asked = [
        *of_rules,
        *in_no_rule,
        text(FUNCTION),
        # The bodies, which a call does not look into.
        given + text("ASimAuthenticationEsaAuth"),
        given + text("vimAuthenticationEsaAuth"),
        "ASimAuthenticationEsaAuth | where EventResult == 'Failure'",
        "vimAuthenticationEsaAuth(starttime = ago(1h), eventresult = 'Failure')",
        text("transform").replace("source\n", "datatable(RawData: string) []\n"),
    ]
    broken = [
        "EsaAuth | where user_nam == 'a'",
        "EsaAuth | wherex true",
        "EsaAuth | take",
    ]
    said = verdicts(asked + broken)
    assert said[: len(asked)] == [[]] * len(asked)
    assert all(said[len(asked) :])


@cache
def database(name: str) -> duckdb.DuckDBPyConnection:
    return kusto_engine.database(events_of(CORPORA[name]))


each_corpus = pytest.mark.parametrize(
    ("name", "detection"),
    [
        pytest.param(name, detection, id=f"{name}-{detection.name}")
        for name in ("days", "weeks")
        for detection in DETECTIONS
        if name == "days" or detection.name in {s.rule for s in CORPORA[name]}
    ],
)


@each_corpus
def test_in_duckdb(detection: Detection, name: str) -> None:
    query = queries.query("kusto", detection)
    found = kusto_engine.found(database(name), query, detection, LOOKED)
    wanted = corpus(CORPORA[name]).expected.get(detection.name, frozenset())
    assert found == plain(wanted)


@pytest.mark.parametrize(
    "delay", DELAYS if FULL else DELAYS[-1:], ids=lambda delay: delay.name
)
@each_corpus
def test_in_duckdb_on_a_schedule(detection: Detection, name: str, delay: Delay) -> None:
    """In each run of a rule, of events that come late; `make soak` has all delays."""
    query, now = queries.query("kusto", detection), LOOKED
    if isinstance(detection.way, FirstSeen | Silent):
        # They ask how it is at the time of the run, of what has come by then.
        there = f"| where {delay.kusto} <= datetime({now:%FT%TZ})\n| where event_"
        query = query.replace("| where event_", there, 1)
        assert there in query
    else:
        query = kusto_on_schedule(query, detection, delay)
    found = kusto_engine.found(database(name), query, detection, now)
    wanted = corpus(CORPORA[name]).expected.get(detection.name, frozenset())
    assert found == plain(wanted)


def test_the_engine_refuses_what_it_does_not_know() -> None:
    with pytest.raises(kusto_engine.REFUSED):
        kusto_engine.rows(database("weeks"), "EsaAuth | sample 1", LOOKED)


def test_an_event_that_came_twice_is_there_once() -> None:
    events = events_of(TEN_AND_TEN)
    twice = kusto_engine.database([*events, *events[:50]])
    (row,) = kusto_engine.rows(twice, f"{FUNCTION} | count", LOOKED)
    assert list(row.values()) == [len(events)]


def test_every_verdict_is_a_record_of_asim() -> None:
    asked = text("ASimAuthenticationEsaAuth").replace("not(disabled)", "true")
    rows = kusto_engine.rows(database("days"), asked, LOOKED)
    events: dict[str, Event] = {
        event["event"]["id"]: event
        for event in events_of(CORPORA["days"])
        if event["event"].get("action") in VERDICTS
    }
    assert {row["EventOriginalUid"] for row in rows} == events.keys()
    names = {"success": "Success", "failure": "Failure"}
    for row in rows:
        event = events[row["EventOriginalUid"]]
        assert row["EventResult"] == names.get(event["event"].get("outcome"), "NA")
        assert row["SrcIpAddr"] == event.get("source", {}).get("ip", "")
        assert row["TargetUsername"] == event.get("user", {}).get("name", "")
        assert row["Dvc"] == event["observer"]["name"]
        assert row["EventSchema"] == "Authentication"


def test_a_rule_is_within_the_limits_of_sentinel() -> None:
    assert len(rules()) == len(DETECTIONS) - 1
    for rule in rules():
        every, back, held = (
            int(re.fullmatch(r"PT(\d+)M", value)[1])  # type: ignore[index]
            for value in (
                rule["queryFrequency"],
                rule["queryPeriod"],
                rule["incidentConfiguration"]["groupingConfiguration"][
                    "lookbackDuration"
                ],
            )
        )
        assert 5 <= every <= back <= 14 * 1440
        assert every >= 60 or back < 2 * 1440
        assert 5 <= held <= 7 * 1440
        assert rule["enabled"] is False
        assert 1 <= len(rule["entityMappings"]) <= 10
        for mapping in rule["entityMappings"]:
            (field,) = mapping["fieldMappings"]
            assert re.search(rf"\b{field['columnName']}\b", rule["query"])

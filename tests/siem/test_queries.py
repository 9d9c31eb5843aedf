"""What is shipped is what its source makes, and every query is read by a parser."""

import json
import os
import re
import subprocess
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from conf.build import queries
from conf.build.__main__ import generated
from conf.build.detections import (
    Detection,
    detections,
    folder_of_queries,
    named,
)
from conf.build.templates import mappings
from sigma.backends.elasticsearch.elasticsearch_esql import ESQLBackend
from sigma.backends.splunk.splunk import SplunkBackend
from sigma.plugins import InstalledSigmaPlugins
from sigma.validation import SigmaValidator

from tests.siem import eql_engine
from tests.siem.planted import events_of
from tests.siem.scenarios import SCENARIOS
from tests.support.checkout import ROOT
from tests.support.engines import require
from tests.support.process import PATIENCE

ESQL = ROOT / ".cache" / "esql" / "bin" / "python"
# For the commands that our searches are made of; Splunk publishes no parser of SPL.
LEFT_OUT = {
    "attacktag": "downloads ATT&CK",
    "d3_fendtag": "downloads D3FEND",
    "number_as_string": "error.code is a text, in the schema and in ECS",
}
UNITS = {"m": 60, "h": 3600}
WINDOWED = {"brute_force_by_source", "password_spray", "success_after_failures"}
SPL_COMMANDS = {"dedup", "sort", "stats", "streamstats", "table", "where"}


def test_nothing_made_is_stale() -> None:
    made = dict(generated())
    stale = [p for p, text in made.items() if p.read_text("utf-8") != text]
    assert stale == [], "make siem"


@pytest.mark.parametrize("form", queries.FORMS)
def test_every_detection_has_a_query_or_a_reason(form: str) -> None:
    kept = {path.stem for path in folder_of_queries(form).iterdir()}
    assert kept == {detection.name for detection in queries.shipped(form)}
    for detection in detections():
        reason = queries.impossible(form, detection)
        assert (reason is None) == (detection.name in kept)


@pytest.mark.parametrize(("form", "name"), sorted(queries.BY_HAND))
def test_what_is_written_by_hand_says_why(form: str, name: str) -> None:
    first = queries.query(form, named(name)).splitlines()[0]
    assert re.match(r"(// |```)Written by hand: pySigma's ", first)


@pytest.mark.parametrize(("form", "name"), sorted(queries.BY_HAND))
def test_what_is_written_by_hand_keeps_the_figures_of_the_rule(
    form: str, name: str
) -> None:
    text = queries.query(form, named(name))
    rules = [r for r in named(name).collection().rules if hasattr(r, "timespan")]
    spans = {rule.timespan.seconds for rule in rules}
    said = {
        int(number) * UNITS[unit[0]]
        for number, unit in re.findall(r"[-=] ?(\d+) ?(minutes|hour|[mh])\b", text)
    }
    # The ids of sessions are their own, and need no window but in a sequence.
    assert said <= spans
    assert said or name not in WINDOWED
    least = {str(n) for n in re.findall(r"gte: (\d+)", named(name).text)}
    assert set(re.findall(r"(?:>= ?|runs=)(\d+)", text)) == least


@pytest.mark.parametrize("form", ["esql", "splunk"])
def test_fixed_pieces_of_time_would_miss_what_is_planted(form: str) -> None:
    """Why what counts is not taken from pySigma there: no piece has ten failures."""
    backend = ESQLBackend() if form == "esql" else SplunkBackend()
    (converted,) = backend.convert(named("brute_force_by_source").collection())
    assert "date_trunc(5minutes" in converted or "bin _time span=5m" in converted
    pieces = Counter(
        datetime.fromisoformat(event["@timestamp"]).timestamp() // 300
        for event in events_of(SCENARIOS[:1])
        if event["event"].get("outcome") == "failure"
    )
    assert pieces.total() == 12
    assert max(pieces.values()) < 10


def test_every_esql_query_is_read_by_the_parser_of_elastic() -> None:
    """And each field is one that the index template has, with its type."""
    require("ES|QL", ESQL.exists(), "not installed (make engines, Python 3.12)")
    asked = [queries.query("esql", d) for d in queries.shipped("esql")]
    broken = ["FROM x | WHERE a.field == 1", "FROM x | WHERE event.action == 1"]
    done = subprocess.run(
        [ESQL, ROOT / "tests" / "siem" / "esql_check.py"],
        input=json.dumps(
            {"queries": asked + broken, "mapping": mappings("elastic")}
        ).encode(),
        capture_output=True,
        timeout=PATIENCE,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    verdicts = json.loads(done.stdout)
    assert verdicts[: len(asked)] == [""] * len(asked)
    assert all(verdicts[len(asked) :])


@pytest.mark.parametrize("name", [d.name for d in queries.shipped("eql")])
def test_every_eql_query_is_read_by_the_parser_of_elastic(name: str) -> None:
    assert eql_engine.parsed(queries.query("eql", named(name))) is not None


@pytest.mark.parametrize("detection", detections(), ids=lambda d: d.name)
def test_every_spl_search_is_made_of_known_words(detection: Detection) -> None:
    """Not Splunk's parser: brackets, quotes, commands and names of fields."""
    text = re.sub(r"```.*?```", "", queries.query("splunk", detection))
    bare = re.sub(r'"[^"]*"', '""', text)
    assert text.count('"') % 2 == 0
    assert bare.count("(") == bare.count(")")
    first, *rest = bare.split("|")
    assert {command.split()[0] for command in rest} <= SPL_COMMANDS
    assert first.strip().startswith("sourcetype=")
    named_fields = set(re.findall(r"\b(?:[a-z_]+\.)+[a-z_]+\b", bare))
    assert named_fields <= queries.fields()


def test_sigma_has_nothing_against_the_rules() -> None:
    """All validators of pySigma, over all rules at once: ids and titles are unique."""
    # pySigma types them as objects of the classes that they are.
    found: dict[str, Any] = dict(InstalledSigmaPlugins.autodiscover().validators)
    assert LEFT_OUT.keys() <= found.keys()
    validator = SigmaValidator(v for n, v in found.items() if n not in LEFT_OUT)
    rules: list[Any] = [rule for d in detections() for rule in d.collection().rules]
    assert [str(issue) for issue in validator.validate_rules(iter(rules))] == []

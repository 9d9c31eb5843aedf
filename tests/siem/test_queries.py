"""What is shipped is what its source makes, and every query is read by a parser."""

import json
import os
import re
import subprocess

import pytest
from sigma.collection import SigmaCollection

from tests.checkout import ROOT
from tests.engines import require
from tests.process import PATIENCE
from tests.siem import eql_engine, queries
from tests.siem.__main__ import generated
from tests.siem.detections import (
    RULES,
    Detection,
    detections,
    folder_of_queries,
    named,
)
from tests.siem.templates import mappings

ESQL = ROOT / ".cache" / "esql" / "bin" / "python"
# For the commands that our searches are made of; no parser of SPL is published.
SPL_COMMANDS = {"bin", "search", "sort", "stats", "streamstats", "table", "where"}


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


def test_no_rule_has_the_id_or_the_title_of_another() -> None:
    ids, titles = [], []
    for path in RULES.glob("*.yml"):
        for rule in SigmaCollection.from_yaml(path.read_text("utf-8")).rules:
            ids.append(rule.id)
            titles.append(rule.title)
    assert None not in ids
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)

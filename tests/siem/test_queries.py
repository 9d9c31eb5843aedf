"""What is shipped is what its source makes, and every query is read by a parser."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conf.build import queries
from conf.build.__main__ import generated
from conf.build.detections import Detection
from conf.build.queries import named
from conf.build.table import DETECTIONS
from conf.build.templates import mappings
from sigma.collection import SigmaCollection
from sigma.plugins import InstalledSigmaPlugins
from sigma.validation import SigmaValidator

from tests.siem import eql_engine
from tests.siem.server import LONG
from tests.support.checkout import ROOT
from tests.support.engines import require

ESQL = ROOT / ".cache" / "esql" / "bin" / "python"
LEFT_OUT = {
    "attacktag": "downloads ATT&CK",
    "d3_fendtag": "downloads D3FEND",
    "sigmahq_tags_techniques_without_tactics": "downloads ATT&CK",
    "sigmahq_fieldname_cast": "downloads SigmaHQ's taxonomy",
    "sigmahq_invalid_fieldname": "downloads SigmaHQ's taxonomy",
    "sigmahq_redundant_field": "downloads SigmaHQ's taxonomy",
    "sigmahq_logsource_unknown": "downloads SigmaHQ's taxonomy, which has no ESA",
    "sigmahq_filename_prefix": "downloads SigmaHQ's taxonomy, which has no ESA",
}
# Of Splunk's search language, whose parser Splunk does not publish.
SPL_COMMANDS = {
    *("dedup", "eval", "eventstats", "mvexpand", "sort", "stats", "streamstats"),
    "where",
}


def test_nothing_made_is_stale() -> None:
    made = dict(generated())
    stale = [p for p, text in made.items() if p.read_text("utf-8") != text]
    assert stale == [], "make siem"


@pytest.mark.parametrize("form", queries.FORMS)
def test_every_detection_has_a_query_or_a_reason(form: str) -> None:
    kept = set(queries.folder_of(form).iterdir())
    assert kept == {queries.path_of(form, d) for d in queries.shipped(form)}
    for detection in DETECTIONS:
        reason = queries.impossible(form, detection)
        assert (reason is None) == (queries.path_of(form, detection) in kept)


def test_every_esql_query_is_read_by_the_parser_of_elastic() -> None:
    """And each field is one that the index template has, with its type."""
    require("ES|QL", ESQL.exists(), "not installed (make engines, Python 3.12)")
    # Long nests take the parser most of its time: two steps of a window stand for all.
    asked = [
        re.sub(
            r"(EVAL window = )MV_APPEND.*", r"\1MV_APPEND(piece, piece + 5 minutes)", q
        )
        for q in (queries.query("esql", d) for d in queries.shipped("esql"))
    ]
    broken = ["FROM x | WHERE a.field == 1", "FROM x | WHERE event.action == 1"]
    done = subprocess.run(
        [ESQL, ROOT / "tests" / "siem" / "esql_check.py"],
        input=json.dumps(
            {"queries": asked + broken, "mapping": mappings("elastic")}
        ).encode(),
        capture_output=True,
        timeout=LONG,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    verdicts = json.loads(done.stdout)
    assert verdicts[: len(asked)] == [""] * len(asked)
    assert all(verdicts[len(asked) :])


@pytest.mark.parametrize("name", [d.name for d in queries.shipped("eql")])
def test_every_eql_query_is_read_by_the_parser_of_elastic(name: str) -> None:
    assert eql_engine.parsed(queries.query("eql", named(name))) is not None


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda d: d.name)
def test_every_spl_search_is_made_of_known_words(detection: Detection) -> None:
    """Not Splunk's parser: brackets, quotes, commands and names of fields."""
    text = queries.query("splunk", detection)
    bare = re.sub(r'"[^"]*"', '""', text)
    assert text.count('"') % 2 == 0
    assert bare.count("'") % 2 == 0
    assert bare.count("(") == bare.count(")")
    first, *rest = bare.split("|")
    assert {command.split()[0] for command in rest} <= SPL_COMMANDS
    assert first.strip().startswith("sourcetype=")
    named_fields = set(re.findall(r"\b(?:[a-z_]+\.)+[a-z_]+\b", bare))
    assert named_fields <= queries.fields()
    # In an expression a name with a dot stands in quotes.
    for expression in re.findall(r"\b(?:eval|where) ([^|]+)", bare):
        unquoted = re.sub(r"'[^']*'", "", expression)
        assert not re.search(r"[a-z_]\.[a-z_]", unquoted), expression


def test_sigma_and_sigmahq_have_nothing_against_the_rules() -> None:
    """All their validators, over all rules at once: ids and titles are unique."""
    # pySigma types them as objects of the classes that they are.
    found: dict[str, Any] = dict(InstalledSigmaPlugins.autodiscover().validators)
    assert LEFT_OUT.keys() <= found.keys()
    validator = SigmaValidator(v for n, v in found.items() if n not in LEFT_OUT)
    paths: list[str | Path] = [
        queries.path_of("sigma", d) for d in queries.shipped("sigma")
    ]
    rules: list[Any] = list(SigmaCollection.load_ruleset(paths).rules)
    assert [str(issue) for issue in validator.validate_rules(iter(rules))] == []

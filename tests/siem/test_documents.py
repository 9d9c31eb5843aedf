"""The pages say what the rules and the examples are."""

import re
from pathlib import Path

import pytest
from conf.build import queries
from conf.build.__main__ import EXAMPLE
from conf.build.detections import SIGMA, Detection, detections

from tests.siem.scenarios import TEN_AND_TEN, corpus
from tests.support.checkout import ROOT
from tests.support.process import account_of, esa_auth

RUNBOOKS = SIGMA / "runbooks"
PAGES = [
    *RUNBOOKS.glob("*.md"),
    *(ROOT / "conf").glob("*/README.md"),
    EXAMPLE / "README.md",
]


@pytest.mark.parametrize("detection", detections(), ids=lambda d: d.name)
def test_a_runbook_is_about_its_rule(detection: Detection) -> None:
    text = (RUNBOOKS / f"{detection.name}.md").read_text("utf-8")
    rule = detection.top
    assert text.startswith(f"# {rule.title}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "What it means on an ESA",
        "What to check",
        "What to do",
        "How to tune",
    ]
    assert f"level {str(rule.level).lower()}" in text
    techniques = {t.name.upper() for t in rule.tags if t.name.startswith("t1")}
    assert set(re.findall(r"\[(T1[\d.]+)\]", text)) == techniques
    named = set(re.findall(r"`((?:[a-z_]+\.)+[a-z_]+)[`:]", text))
    assert {name for name in named if not name.endswith(".yml")} <= queries.fields()


def test_every_runbook_has_its_rule() -> None:
    assert {p.stem for p in RUNBOOKS.iterdir()} == {d.name for d in detections()}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        assert link.startswith("https://") or (page.parent / link).exists()


def row(detection: Detection) -> str:
    """Return the line of the README that says what was run where."""

    def cell(form: str, done: str) -> str:
        if queries.impossible(form, detection) is not None:
            return "no such query"
        by_hand = (form, detection.name) in queries.BY_HAND
        return f"{done}, by hand" if by_hand else done

    single = detection.correlation is None
    on_opensearch = "run, Lucene" if single else "run, search template"
    cells = (
        f"[`{detection.name}`](conf/sigma/runbooks/{detection.name}.md)",
        on_opensearch,
        cell("eql", "run"),
        cell("esql", "parsed, typed"),
        cell("splunk", "words only"),
        "run",
    )
    return f"| {' | '.join(cells)} |"


def test_the_readme_says_which_engine_ran_which_query() -> None:
    readme = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert [row(d) for d in detections()] == [
        line for line in readme if "](conf/sigma/runbooks/" in line
    ]


def test_the_example_tells_its_account_and_its_scenarios() -> None:
    said = (EXAMPLE / "README.md").read_text("utf-8")
    (closing,) = [
        x.strip() for x in said.splitlines() if x.startswith("    esa-auth: ")
    ]
    ended = esa_auth("filter", "--appliance", "esa01", stdin=corpus(TEN_AND_TEN).text)
    assert account_of(closing) == ended.assert_complete()
    for scenario in TEN_AND_TEN:
        assert f"| {scenario.name} | [{scenario.rule}]" in said

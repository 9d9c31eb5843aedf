"""The pages say what the rules and the examples are."""

import re
from pathlib import Path

import pytest
from conf.build import queries
from conf.build.__main__ import EXAMPLE
from conf.build.detections import Detection, Each
from conf.build.queries import SIGMA
from conf.build.table import DETECTIONS

from tests.siem.scenarios import TEN_AND_TEN, corpus
from tests.support.checkout import ROOT
from tests.support.process import account_of, esa_auth

RUNBOOKS = SIGMA / "runbooks"
PAGES = [
    *RUNBOOKS.glob("*.md"),
    *(ROOT / "conf").glob("*/README.md"),
    SIGMA / "late.md",
    EXAMPLE / "README.md",
]


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda d: d.name)
def test_a_runbook_is_about_its_rule(detection: Detection) -> None:
    text = (RUNBOOKS / f"{detection.name}.md").read_text("utf-8")
    assert text.startswith(f"# {detection.title}\n")
    reason = queries.impossible("sigma", detection)
    of_rule = f"Rule: `rules/{queries.path_of('sigma', detection).name}`, level "
    assert (of_rule in text) == (reason is None)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "What it means on an ESA",
        "What to check",
        "What to do",
        "How to tune",
    ]
    assert f"level {detection.level}." in text
    techniques = set(re.findall(r"\[(T1[\d.]+)\]", text))
    assert techniques == set(detection.techniques)
    named = set(re.findall(r"`((?:[a-z_]+\.)+[a-z_]+)[`:]", text))
    assert {name for name in named if not name.endswith(".yml")} <= queries.fields()


def test_every_runbook_has_its_rule() -> None:
    assert {p.stem for p in RUNBOOKS.iterdir()} == {d.name for d in DETECTIONS}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        assert link.startswith("https://") or (page.parent / link).exists()


def row(detection: Detection) -> str:
    """Return the row of the page that says what was run where."""

    def cell(form: str, done: str) -> str:
        return done if queries.impossible(form, detection) is None else "no such query"

    single = isinstance(detection.way, Each)
    on_opensearch = "run, Lucene" if single else "run, search template"
    cells = (
        f"[`{detection.name}`](runbooks/{detection.name}.md)",
        on_opensearch,
        "run",
        cell("eql", "run"),
        cell("sigma", "run"),
        cell("kusto", "run"),
        "words only",
    )
    return f"| {' | '.join(cells)} |"


def test_the_page_says_which_engine_ran_which_query() -> None:
    page = (ROOT / "conf" / "sigma" / "README.md").read_text("utf-8").splitlines()
    assert [row(d) for d in DETECTIONS] == [
        line for line in page if line.startswith("| [`") and "](runbooks/" in line
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

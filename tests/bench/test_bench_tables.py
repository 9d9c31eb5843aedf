"""The tables of the bench say what was measured, and what was not and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.cases import Once, Sample
from tests.bench.figures import FLAT, Row, figures, row
from tests.bench.plan import Sizes, measure
from tests.bench.results import Results
from tests.bench.rows import TITLES, CaseRow, case_rows
from tests.bench.tables import case_cells, markdown

SIZES = Sizes(
    lines=1000,
    flood=100,
    framed=100,
    peers=100,
    sessions=1_000_000,
    growth=(1000, 10_000),
    fleets=(1, 10),
)


def measured(**seconds: float) -> Results:
    """Return results of 1,000 lines a case; ``_`` in a name stands for a blank."""
    names = {name.replace("_", " "): value for name, value in seconds.items()}
    return Results(
        samples={
            name: [Sample(value, 1000, 250, 2048, 125, value / 2)] * 3
            for name, value in names.items()
        }
    )


def rows(results: Results) -> list[Row]:
    return [row(figure, results) for figure in figures(SIZES)]


def case(results: Results, title: str) -> CaseRow:
    (found,) = (
        each for each in case_rows(results, rows(results)) if each.title == title
    )
    return found


def test_a_case_stands_beside_its_floor_and_its_best_peer() -> None:
    results = measured(
        flood=2.0, flood_floor=0.5, flood_perl=1.0, flood_rsyslog=4.0, empty=1.0
    )
    results.instructions["flood"] = 1234.5
    found = case(results, "flood, 25 % AUTH")
    assert (found.rate, found.floor, found.peer, found.best) == (500, 4, 0.5, "perl")
    assert (found.peak, found.instructions) == (2, 1234.5)
    cells = case_cells(found)
    # The start is taken off.
    assert cells[-2:] == ("at least 150,000 results/s", "125: missed")


def test_a_target_is_met_only_on_its_side() -> None:
    quick = measured(ordinary=3.4, ordinary_floor=1.0, ordinary_vrl_fastest=30.0)
    found = case_cells(case(quick, "ordinary traffic, 1 % AUTH"))[-1]
    assert found.startswith("3.40: met; 8.82: met; not run: ")
    slow = measured(ordinary=3.6, ordinary_floor=1.0, ordinary_vrl_fastest=17.0)
    found = case_cells(case(slow, "ordinary traffic, 1 % AUTH"))[-1]
    assert found.startswith("3.60: missed; 4.72: missed")


def test_python_alone_has_goals_of_its_own() -> None:
    results = measured(ordinary_pure=13.0, ordinary_floor=1.0, ordinary_vrl_fastest=13)
    found = case_cells(case(results, "ordinary traffic, 1 % AUTH, pure"))[-1]
    assert found == "13: met; 1: met"


def test_two_jobs_are_compared_with_one() -> None:
    found = case(measured(jobs_1=1.9, jobs_2=1.0), TITLES["jobs 2"])
    assert [each.verdict for each in found.targets] == ["met"]
    assert found.targets[0].value == pytest.approx(1.9)


def test_what_was_not_run_says_why() -> None:
    results = measured(ordinary=1.0)
    results.reasons["ordinary perl"] = "perl is not installed"
    found = case(results, "perl: ordinary traffic, 1 % AUTH")
    assert found.rate is None
    assert case_cells(found)[-1] == "not run: perl is not installed"


def test_a_session_is_what_the_memory_grew_by() -> None:
    results = measured(sessions=1.0, sessions_few=1.0)
    few = results.samples["sessions few"][0]
    grown = replace(few, peak_kib=few.peak_kib + 321_000)
    results.samples["sessions"] = [grown] * 3
    (found,) = case(results, "open sessions only").targets
    assert (found.verdict, round(found.value or 0)) == ("met", 329)


def test_growth_is_without_start_and_without_what_was_before() -> None:
    results = measured(empty=1.0, growth_1000=2.0, growth_10000=2.0 + 2 * FLAT)
    results.samples |= measured(sessions=3.0).samples
    results.samples["open 1000000"] = [Sample(4.5, 2000)] * 3
    found = {each.title: each for each in rows(results)}
    longer = found["cost per line, 10,000 / 1,000 lines"]
    assert (longer.value, longer.verdict) == (1 + 2 * FLAT, "missed")
    behind = found["cost per line, 1,000,000 open sessions"]
    assert behind.value == pytest.approx(1.5e6)


def test_markdown_has_a_row_for_every_case_and_figure() -> None:
    results = measured(ordinary=1.0)
    every = rows(results)
    cases = list(case_rows(results, every))
    lines = markdown(cases, every).splitlines()
    rest = [each for each in every if not each.case]
    assert len(lines) == len(cases) + len(rest) + 5
    assert all(line.count("|") == 9 for line in lines[: len(cases) + 2])


def test_what_takes_very_long_is_run_once_and_checked() -> None:
    checked = []

    class Long:
        name = "growth 100000000"

        def take(self, verify: bool) -> Sample:
            checked.append(verify)
            return Sample(200.0, 1000)

    results = measure([Once(Long())], range(4))
    assert checked == [True]
    assert results.samples == {"growth 100000000": [Sample(200.0, 1000)] * 3}

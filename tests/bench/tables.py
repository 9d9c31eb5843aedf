"""The two tables, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from tests.bench.figures import Row
from tests.bench.rows import CaseRow

COLOURS = {"met": "green", "missed": "red", "not run": "yellow", "": ""}
CASE_HEADS = (
    "case",
    "lines/s",
    "x floor",
    "x best peer",
    "MiB",
    "instructions/line",
    "target",
    "",
)
FIGURE_HEADS = ("figure", "measured", "target", "")
WORST = ("not run", "missed", "met", "")
SplitValues = tuple[str, ...]


def number(value: float | None) -> str:
    """Give two decimals below ten, and none from a hundred on."""
    if value is None:
        return "-"
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def target_cell(row: Row) -> str:
    if not row.target:
        return ""
    return f"{row.target.side} {number(row.target.bound)} {row.unit}"


def verdict_cell(row: Row) -> str:
    if row.reason:
        return f"{row.verdict}: {row.reason}"
    return f"{number(row.value)}: {row.verdict}" if row.case else row.verdict


def case_cells(row: CaseRow) -> SplitValues:
    """Give the cells of a case; one that was not run says why."""
    verdict = "; ".join(map(verdict_cell, row.targets))
    if row.reason:
        verdict = f"not run: {row.reason}"
    peer = f"{number(row.peer)} ({row.best})" if row.peer else "-"
    return (
        row.title,
        number(row.rate),
        number(row.floor),
        peer,
        number(row.peak),
        number(row.instructions and round(row.instructions)),
        "; ".join(map(target_cell, row.targets)),
        verdict,
    )


def figure_cells(row: Row) -> SplitValues:
    measured = "-" if row.value is None else f"{number(row.value)} {row.unit}"
    return row.title, measured, target_cell(row), verdict_cell(row)


def worst(rows: Sequence[Row]) -> str:
    """Return the verdict that a row of several targets is coloured by."""
    found = {row.verdict for row in rows} | {""}
    return next(verdict for verdict in WORST if verdict in found)


def drawn(
    title: str, heads: SplitValues, lines: Sequence[tuple[SplitValues, str]]
) -> Table:
    table = Table(title=title)
    for at, head in enumerate(heads):
        table.add_column(head, justify="right" if head and 0 < at < 6 else "left")
    for cells, verdict in lines:
        table.add_row(*cells, style=COLOURS[verdict])
    return table


def case_table(rows: Sequence[CaseRow]) -> Table:
    lines = [
        (case_cells(row), "not run" if row.reason else worst(row.targets))
        for row in rows
    ]
    return drawn("esa-auth and its peers, one core", CASE_HEADS, lines)


def figure_table(rows: Sequence[Row]) -> Table:
    lines = [(figure_cells(row), row.verdict) for row in rows if not row.case]
    return drawn("growth", FIGURE_HEADS, lines)


def markdown(cases: Sequence[CaseRow], figures: Sequence[Row]) -> str:
    """Give both tables as they can stand in `examples/speed/README.md`."""
    rest = [figure_cells(row) for row in figures if not row.case]
    return "\n".join(
        [
            *markdown_table(CASE_HEADS, [case_cells(row) for row in cases]),
            "",
            *markdown_table(FIGURE_HEADS, rest),
            "",
        ]
    )


def markdown_table(heads: SplitValues, lines: Sequence[SplitValues]) -> list[str]:
    rule = ("---:" if 0 < at < 6 and head else "---" for at, head in enumerate(heads))
    return [f"| {' | '.join(cells)} |" for cells in (heads, tuple(rule), *lines)]

"""``python -m tests.bench``: everything side by side in one run, and one table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.bench.cases import Stage
from tests.bench.figures import Row, figures, row
from tests.bench.plan import Results, Sizes, measure, plan

FILTER = (sys.executable, "-m", "esa_auth", "filter")
CHECKOUT = Path(__file__).parents[2]
COLOURS = {"met": "green", "missed": "red", "not run": "yellow", "": ""}
LEAST_RUNS = 5
LIMIT_S, FULL_LIMIT_S = 60, 1800
QUICK = "a quick run: start-up weighs in it, so judge the targets by a whole one"


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("--runs", type=int, default=LEAST_RUNS, help="timed runs of each case")
    add("--lines", type=int, help="lines of ordinary traffic")
    add("--sessions", type=int, help="open sessions")
    add("--quick", action="store_true", help="small corpora, under a minute")
    add("--full", action="store_true", help="growth to 10^8 lines; takes very long")
    add("--command", type=shlex.split, help="what to measure instead of the program")
    add("--core", type=int, default=max(os.sched_getaffinity(0)))
    add("--cache", type=Path, default=CHECKOUT / ".cache" / "bench")
    add("--out", type=Path, default=Path("bench.json"))
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    return options


def sizes_of(options: argparse.Namespace) -> Sizes:
    if options.quick:
        lines, flood, framed, vrl = 500_000, 100_000, 100_000, 100_000
        sessions = 100_000
        growth: tuple[int, ...] = (50_000, 250_000)
    else:
        lines, flood, framed, vrl = 2_000_000, 400_000, 500_000, 500_000
        sessions = 1_000_000
        growth = (100_000, 1_000_000)
    if options.full:
        growth = (*growth, 10_000_000, 100_000_000)
    return Sizes(
        lines=options.lines or lines,
        flood=flood,
        framed=framed,
        vrl=vrl,
        sessions=options.sessions or sessions,
        growth=growth,
    )


def run(options: argparse.Namespace, sizes: Sizes) -> Results:
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        os.sched_setaffinity(0, cores - {options.core})
    options.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.cache) as scratch:
        command = tuple(options.command or FILTER)
        limit = FULL_LIMIT_S if options.full else LIMIT_S
        stage = Stage(command, options.core, limit, options.cache, Path(scratch))
        rounds = track(range(options.runs + 1), "rounds", console=Console(stderr=True))
        return measure(plan(stage, sizes), rounds)


def table(rows: Sequence[Row], caption: str) -> Table:
    drawn = Table(title="esa-auth, one core", caption=caption)
    drawn.add_column("figure")
    drawn.add_column("measured", justify="right")
    drawn.add_column("target", justify="right")
    drawn.add_column("")
    for each in rows:
        target = ""
        if each.target:
            target = f"{each.target.side} {number(each.target.bound)} {each.unit}"
        measured = "" if each.value is None else f"{number(each.value)} {each.unit}"
        verdict = f"{each.verdict}: {each.reason}" if each.reason else each.verdict
        drawn.add_row(
            each.title, measured, target, verdict, style=COLOURS[each.verdict]
        )
    return drawn


def number(value: float) -> str:
    """Give two decimals below ten, and none from a hundred on."""
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def report(rows: Sequence[Row], results: Results, sizes: Sizes) -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "platform": platform.system(),
        "cores": os.cpu_count(),
        "sizes": asdict(sizes),
        "rows": [asdict(each) for each in rows],
        "samples": {
            name: [asdict(sample) for sample in samples]
            for name, samples in results.samples.items()
        },
    }


def main() -> int:
    options = parse_options()
    sizes = sizes_of(options)
    load = os.getloadavg()[0]
    results = run(options, sizes)
    rows = [row(figure, results) for figure in figures(sizes)]
    about = report(rows, results, sizes) | {"runs": options.runs, "load": load}
    options.out.write_text(json.dumps(about, indent=1) + "\n")
    caption = f"medians of {options.runs} runs, load before {load:.2f}"
    # A log has no width of its own, and the default of 80 breaks the rows.
    wide = Console(width=None if sys.stdout.isatty() else 110)
    wide.print(table(rows, f"{caption}; {QUICK}" if options.quick else caption))
    return 0


if __name__ == "__main__":
    sys.exit(main())

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

from tests.bench import counts
from tests.bench.cases import Stage
from tests.bench.figures import Row, figures, row
from tests.bench.plan import Sizes, measure, plan
from tests.bench.results import Results
from tests.bench.rows import CaseRow, case_rows
from tests.bench.tables import case_table, figure_table, markdown

PROGRAM = (sys.executable, "-m", "esa_auth")
CHECKOUT = Path(__file__).parents[2]
LEAST_RUNS = 5
LIMIT_S, FULL_LIMIT_S = 300, 1800
QUICK = "a quick run: start-up weighs in it, so judge the targets by a whole one"


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("--runs", type=int, default=LEAST_RUNS, help="timed runs of each case")
    add("--lines", type=int, help="lines of ordinary traffic")
    add("--sessions", type=int, help="open sessions")
    add(
        "--quick",
        action="store_true",
        help="small corpora, nothing counted; two minutes",
    )
    add("--full", action="store_true", help="growth to 10^8 lines, which run once")
    add("--program", type=shlex.split, help="what starts another esa-auth than ours")
    add("--core", type=int, default=max(os.sched_getaffinity(0)))
    add("--cache", type=Path, default=CHECKOUT / ".cache" / "bench")
    add("--peers", type=Path, default=CHECKOUT / ".cache" / "peers")
    add("--out", type=Path, default=Path("bench.json"), help="beside it: the same .md")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    return options


def sizes_of(options: argparse.Namespace) -> Sizes:
    scale = 5 if options.quick else 1
    growth: tuple[int, ...] = (100_000, 1_000_000)
    if not options.quick:
        growth = (*growth, 10_000_000)
    if options.full:
        growth = (*growth, 100_000_000)
    return Sizes(
        lines=options.lines or 2_000_000 // scale,
        flood=400_000 // scale,
        framed=500_000 // scale,
        peers=250_000 // scale,
        sessions=options.sessions or 1_000_000 // scale,
        growth=growth,
        fleets=(1, 100, 10_000),
    )


def run(options: argparse.Namespace, sizes: Sizes) -> Results:
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        os.sched_setaffinity(0, cores - {options.core})
    options.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.cache) as scratch:
        stage = Stage(
            program=tuple(options.program or PROGRAM),
            core=options.core,
            limit=FULL_LIMIT_S if options.full else LIMIT_S,
            cache=options.cache,
            scratch=Path(scratch),
            peers=options.peers,
        )
        rounds = track(range(options.runs + 1), "rounds", console=Console(stderr=True))
        results = measure(plan(stage, sizes), rounds)
        os.sched_setaffinity(0, cores)
        if not options.quick:
            results.instructions = counts.counted(stage)
    return results


def report(
    rows: Sequence[Row], cases: Sequence[CaseRow], results: Results, sizes: Sizes
) -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "platform": platform.system(),
        "cores": os.cpu_count(),
        "sizes": asdict(sizes),
        "cases": [asdict(each) for each in cases],
        "rows": [asdict(each) for each in rows],
        "samples": {
            name: [asdict(sample) for sample in samples]
            for name, samples in results.samples.items()
        },
    }


def main() -> int:
    options = parse_options()
    sizes = sizes_of(options)
    # pip compiles what it installs: no start of an installed program does it again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    load = os.getloadavg()[0]
    results = run(options, sizes)
    rows = [row(figure, results) for figure in figures(sizes)]
    cases = list(case_rows(results, rows))
    about = report(rows, cases, results, sizes) | {"runs": options.runs, "load": load}
    options.out.write_text(json.dumps(about, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(markdown(cases, rows))
    caption = f"medians of {options.runs} runs, load before {load:.2f}"
    # A log has no width of its own, and the default of 80 breaks the rows.
    wide = Console(width=None if sys.stdout.isatty() else 190)
    wide.print(case_table(cases), figure_table(rows))
    wide.print(f"{caption}; {QUICK}" if options.quick else caption)
    return 0


if __name__ == "__main__":
    sys.exit(main())

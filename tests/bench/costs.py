"""``python -m tests.bench.costs``: what a line, and each stage of an event, costs.

Lines are fed by kind to a pipeline of their own. For the stages the calls of a flood
are noted and made again in a loop, where all that they need is at hand: in their place,
one after the other, they take longer, which the last row shows. Medians of five, one
core.
"""

import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from esa_auth import ecs, grammar
from esa_auth.identity import Identity
from esa_auth.model.session import Session
from esa_auth.pipeline import Pipeline, Settings
from esa_auth.pipeline.line import Line
from tests.bench.corpora import Spec, write

RUNS = 5
LINES = Spec("ordinary", 200_000)
FLOOD = Spec("flood", 20_000)
BODY_AT = 31
CONTEXT = (b"New ", b"ICID", b"DCID")
SETTINGS = Settings(appliance="esa01")

Calls = list[tuple[Any, ...]]


def made() -> Pipeline:
    return Pipeline(SETTINGS, lambda: "2026-01-01T00:00:00.000Z")


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def microseconds(work: Callable[[], object], count: int) -> float:
    """Return the median time of ``work`` for one of ``count``."""
    return 1e6 * median(seconds(work) for _ in range(RUNS)) / count


def of_lines(lines: list[bytes]) -> float:
    """Return what one of ``lines`` costs a pipeline that reads no others."""
    return microseconds(lambda: made().feed(lines), len(lines))


def of_stages(lines: list[bytes]) -> dict[str, float]:
    """Return what one call of each stage of an event costs, and the whole event."""
    pipeline = made()
    schema = pipeline._schema
    wanted: dict[str, tuple[Any, str]] = {
        "read (grammar)": (grammar, "read"),
        "origin and id (identity)": (Line, "source"),
        "id alone": (Identity, "of_line"),
        "count for the session": (Session, "fold_result"),
        "build, result (ecs)": (ecs, "result_event"),
        "build, session end (ecs)": (ecs, "session_end_event"),
        "validate": (schema, "fits"),
    }
    noted = {name: noting(*where) for name, where in wanted.items()}
    pipeline.feed(lines)
    events = pipeline.counters.events
    for (place, name), (call, _) in zip(wanted.values(), noted.values(), strict=True):
        setattr(place, name, call)
    found = {name: again(call, calls) for name, (call, calls) in noted.items()}
    whole = microseconds(lambda: made().feed(lines), events)
    return found | {"an event with its lines, in place": whole}


def noting(place: Any, name: str) -> tuple[Callable[..., object], Calls]:
    """Note the calls of ``place.name`` from now on."""
    call = getattr(place, name)
    calls: Calls = []

    def noted(*arguments: Any) -> object:
        calls.append(arguments)
        return call(*arguments)

    setattr(place, name, noted)
    return call, calls


def again(call: Callable[..., object], calls: Calls) -> float:
    def work() -> None:
        for arguments in calls:
            call(*arguments)

    return microseconds(work, len(calls))


def main() -> None:
    """Print the table."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        ordinary = write(LINES, Path(folder)).path.read_bytes().split(b"\n")
        flood = write(FLOOD, Path(folder)).path.read_bytes().split(b"\n")
    nobody = [x for x in ordinary if x[BODY_AT : BODY_AT + 4] == b"MID "]
    context = [x for x in ordinary if x[BODY_AT : BODY_AT + 4] in CONTEXT]
    rows = {
        "a line that is ignored": of_lines(nobody),
        "a context line": of_lines([x for x in context if b"DCID: " not in x]),
    }
    drawn = Table(title="microseconds", caption=f"medians of {RUNS}, one core")
    drawn.add_column("what")
    drawn.add_column("us", justify="right")
    for name, cost in (rows | of_stages(flood)).items():
        drawn.add_row(name, f"{cost:.2f}")
    Console(width=80).print(drawn)


if __name__ == "__main__":
    main()

"""The figures of the table: how each is worked out, and what it has to reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.bench.cases import RunFailed
from tests.bench.instructions import FLEETS, OPENED, PURE
from tests.bench.plan import DEFAULT_CAP, FEW_SESSIONS, Sizes
from tests.bench.results import Results

Verdict = Literal["met", "missed", "not run", ""]
FLAT = 1.25
Cost = Callable[[Results, int], float]
"""Seconds a line, at a size."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound, and the side on which a figure has to be."""

    bound: float
    side: Literal["at most", "at least", "under"]

    def holds(self, value: float) -> bool:
        if self.side == "at least":
            return value >= self.bound
        return value < self.bound if self.side == "under" else value <= self.bound


@dataclass(frozen=True, slots=True)
class Goals:
    """What native code has to reach, or Python alone; 0: nothing.

    ``floor`` is a multiple of the bare loop's time, ``vrl`` and ``perl`` of the peer's
    lines, ``flood`` results a second, ``syslog`` and ``json`` lines a second, and
    ``session`` bytes.
    """

    floor: float
    vrl: float
    perl: float
    flood: float
    syslog: float
    json: float
    session: float


GOALS = {
    "": Goals(3.5, 5, 1.2, 150_000, 1_300_000, 650_000, 330),
    PURE: Goals(14, 1, 0, 33_000, 400_000, 330_000, 400),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure before it is worked out; ``case`` is the one that has to reach it."""

    title: str
    unit: str
    work_out: Callable[[Results], float]
    target: Target | None = None
    case: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, worked out."""

    title: str
    value: float | None
    unit: str
    target: Target | None
    verdict: Verdict
    reason: str = ""
    case: str = ""


def row(figure: Figure, results: Results) -> Row:
    """Work a figure out; one that has no samples says why."""
    title, unit, target = figure.title, figure.unit, figure.target
    try:
        value = figure.work_out(results)
    except RunFailed as reason:
        return Row(title, None, unit, target, "not run", str(reason), figure.case)
    verdict: Verdict = ""
    if target:
        verdict = "met" if target.holds(value) else "missed"
    return Row(title, value, unit, target, verdict, case=figure.case)


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Give the figures in the order of the table."""
    yield from case_figures()
    yield from session_figures(sizes.sessions)
    yield from growth_figures(sizes)
    yield Figure(
        "start to first event",
        "ms",
        lambda results: 1000 * results.seconds("first event"),
        Target(75, "at most"),
    )


def case_figures() -> Iterator[Figure]:
    """Give what a case has to reach by itself."""
    for form, goals in GOALS.items():
        yield from form_figures(form, goals)
    yield Figure(
        "convert of two appliances: lines/s of --jobs 2 / --jobs 1",
        "x one job",
        lambda results: results.clock_rate("jobs 2") / results.clock_rate("jobs 1"),
        Target(1.8, "at least"),
        "jobs 2",
    )


def form_figures(form: str, goals: Goals) -> Iterator[Figure]:
    """Give the figures of the cases whose names end in ``form``."""
    ordinary, flood = "ordinary" + form, "flood" + form
    yield Figure(
        f"{ordinary}: time of filter / floor",
        "x the floor",
        lambda results: results.seconds(ordinary) / results.seconds("ordinary floor"),
        Target(goals.floor, "at most"),
        ordinary,
    )
    for peer, least in (("vrl fastest", goals.vrl), ("perl", goals.perl)):
        if least:
            yield over_peer(ordinary, peer, least)
    yield Figure(
        f"{flood}: validated results, start taken off",
        "results/s",
        lambda results: results.result_rate(flood),
        Target(goals.flood, "at least"),
        flood,
    )
    for kind, least in (("syslog", goals.syslog), ("json", goals.json)):
        yield rate(kind + form, least)


def over_peer(case: str, peer: str, least: float) -> Figure:
    return Figure(
        f"{case}: lines/s of filter / {peer}",
        f"x {peer}",
        lambda results: results.rate(case) / results.rate(f"ordinary {peer}"),
        Target(least, "at least"),
        case,
    )


def rate(case: str, least: float) -> Figure:
    return Figure(
        f"{case} framing, start taken off",
        "lines/s",
        lambda results: results.started_rate(case),
        Target(least, "at least"),
        case,
    )


def session_figures(most: int) -> Iterator[Figure]:
    for form, goals in GOALS.items():
        yield memory(most, form, goals.session)
    yield Figure(
        f"at the cap ({min(DEFAULT_CAP, most // 5):,}): throughput / uncapped",
        "x",
        lambda results: results.rate("sessions capped") / results.rate("sessions"),
        Target(0.5, "at least"),
    )


def memory(most: int, form: str, bound: float) -> Figure:
    whole, few = "sessions" + form, "sessions few" + form
    return Figure(
        f"{most:,} open sessions{form}: each",
        "bytes each",
        lambda results: (
            (results.peak_bytes(whole) - results.peak_bytes(few))
            / (most - FEW_SESSIONS)
        ),
        Target(bound, "at most"),
        whole,
    )


def growth_figures(sizes: Sizes) -> Iterator[Figure]:
    behind = dict(zip(sizes.opened, ("empty", "sessions few", "sessions"), strict=True))
    yield from curve(
        "lines", sizes.growth, lambda results, size: results.cost(f"growth {size}")
    )
    yield from curve(
        "open sessions",
        sizes.opened,
        lambda results, size: results.cost_behind(f"open {size}", behind[size]),
    )
    yield from curve(
        "appliances", sizes.fleets, lambda results, size: results.cost(f"fleet {size}")
    )
    for sizes_counted, of, name in (
        (OPENED, "open sessions", "open"),
        (FLEETS, "appliances", "fleet"),
    ):
        first = sizes_counted[0]
        for size in sizes_counted[1:]:
            yield counted(of, f"{name} {size}", f"{name} {first}")


def curve(of: str, sizes: Sequence[int], cost: Cost) -> Iterator[Figure]:
    """Give the cost of a line at each size, then each over the first."""
    for size in sizes:
        yield point(of, size, cost)
    for size in sizes[1:]:
        yield growth(of, size, sizes[0], cost)


def point(of: str, size: int, cost: Cost) -> Figure:
    return Figure(
        f"cost per line, {size:,} {of}", "ns", lambda results: 1e9 * cost(results, size)
    )


def growth(of: str, size: int, first: int, cost: Cost) -> Figure:
    return Figure(
        f"cost per line, {size:,} / {first:,} {of}",
        "x",
        lambda results: cost(results, size) / cost(results, first),
        Target(FLAT, "at most"),
    )


def counted(of: str, case: str, first: str) -> Figure:
    """Give the growth in instructions, which caches and neighbours do not change."""
    size, base = (name.split()[1] for name in (case, first))
    return Figure(
        f"instructions per line, {int(size):,} / {base} {of}",
        "x",
        lambda results: results.counted(case) / results.counted(first),
        Target(FLAT, "at most"),
    )

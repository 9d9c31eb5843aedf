"""The figures of the table: how each is worked out, and what it has to reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.bench.cases import RunFailed
from tests.bench.plan import DEFAULT_CAP, FEW_SESSIONS, FRAMED, Results, Sizes

Verdict = Literal["met", "missed", "not run", ""]
FLAT = 1.25


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
class Figure:
    """One row before it is worked out."""

    title: str
    unit: str
    work_out: Callable[[Results], float]
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    title: str
    value: float | None
    unit: str
    target: Target | None
    verdict: Verdict
    reason: str = ""


def row(figure: Figure, results: Results) -> Row:
    """Work a figure out; one that has no samples says why."""
    title, unit, target = figure.title, figure.unit, figure.target
    try:
        value = figure.work_out(results)
    except RunFailed as reason:
        return Row(title, None, unit, target, "not run", str(reason))
    verdict: Verdict = ""
    if target:
        verdict = "met" if target.holds(value) else "missed"
    return Row(title, value, unit, target, verdict)


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Give the figures in the order of the table."""
    yield from ordinary_figures()
    yield from other_figures()
    yield from session_figures(sizes.sessions)
    yield from growth_figures(sizes.growth)
    yield Figure(
        "start to first event",
        "ms",
        lambda results: 1000 * results.seconds("first event"),
        Target(150, "under"),
    )


def ordinary_figures() -> Iterator[Figure]:
    yield rate("floor: for line in sys.stdin.buffer", "floor")
    yield rate("filter, ordinary traffic", "ordinary")
    yield rate("VRL, fastest form", "vrl fastest")
    yield rate("VRL, as a remap that hands all on", "vrl remap")
    yield Figure(
        "ordinary: time of filter / floor",
        "x",
        lambda results: results.seconds("ordinary") / results.seconds("floor"),
        Target(5, "at most"),
    )
    for form in ("fastest", "remap"):
        yield over(f"ordinary: lines/s of filter / VRL {form}", f"vrl {form}", 5)


def other_figures() -> Iterator[Figure]:
    yield Figure(
        "flood: events written, one core",
        "events/s",
        lambda results: results.event_rate("flood"),
        Target(60_000, "at least"),
    )
    yield rate("flood: lines read, a quarter AUTH results", "flood")
    for kind in FRAMED:
        yield rate(f"filter, {kind} framing", kind)


def session_figures(most: int) -> Iterator[Figure]:
    yield Figure(
        f"{most:,} open sessions: each",
        "bytes",
        lambda results: (
            (results.peak_bytes("sessions") - results.peak_bytes("sessions few"))
            / (most - FEW_SESSIONS)
        ),
        Target(500, "at most"),
    )
    yield Figure(
        f"at the cap ({min(DEFAULT_CAP, most // 5):,}): throughput / uncapped",
        "x",
        lambda results: results.rate("sessions capped") / results.rate("sessions"),
        Target(0.5, "at least"),
    )
    yield Figure(
        f"cost per line, {most:,} / {most // 10:,} open sessions",
        "x",
        lambda results: results.cost("sessions") / results.cost("sessions tenth"),
        Target(FLAT, "at most"),
    )


def growth_figures(sizes: tuple[int, ...]) -> Iterator[Figure]:
    for size in sizes:
        yield cost(size)
    for size in sizes[1:]:
        yield growth(size, sizes[0])


def cost(size: int) -> Figure:
    return Figure(
        f"cost per line, {size:,} lines",
        "ns",
        lambda results: 1e9 * results.cost(f"growth {size}"),
    )


def growth(size: int, first: int) -> Figure:
    return Figure(
        f"cost per line, {size:,} / {first:,} lines",
        "x",
        lambda results: (
            results.cost(f"growth {size}") / results.cost(f"growth {first}")
        ),
        Target(FLAT, "at most"),
    )


def rate(title: str, name: str) -> Figure:
    return Figure(title, "lines/s", lambda results: results.rate(name))


def over(title: str, name: str, least: float) -> Figure:
    return Figure(
        title,
        "x",
        lambda results: results.rate("ordinary") / results.rate(name),
        Target(least, "at least"),
    )

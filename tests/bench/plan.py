"""Which cases are run, in rounds, so that drift of the machine meets them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.cases import (
    Case,
    Filter,
    FirstEvent,
    Floor,
    RunFailed,
    Sample,
    Stage,
    Vrl,
)
from tests.bench.corpora import HEADER, Kind, NoRoom, Spec

FRAMED: tuple[Kind, ...] = ("syslog", "json", "msgpack")
FEW_SESSIONS = 1000
DEFAULT_CAP = 200_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    lines: int
    flood: int
    framed: int
    vrl: int
    sessions: int
    growth: tuple[int, ...]


def cap_option(stage: Stage, sessions: int) -> tuple[str, str]:
    """Write a configuration with this cap on open sessions, and give its option."""
    path = stage.scratch / f"cap-{sessions}.yaml"
    path.write_text(f"sessions:\n  cap: {sessions}\n")
    return "--config", str(path)


def plan(stage: Stage, sizes: Sizes) -> list[Case]:
    """List the cases in the order in which a round runs them."""
    ordinary = Spec("ordinary", sizes.lines)
    return [
        FirstEvent("first event", stage),
        Filter("empty", stage, Spec("ordinary", len(HEADER))),
        Floor("floor", stage, ordinary),
        Filter("ordinary", stage, ordinary),
        Vrl("vrl fastest", stage, ordinary, "fastest", sizes.vrl),
        Vrl("vrl remap", stage, ordinary, "remap", sizes.vrl),
        Filter("flood", stage, Spec("flood", sizes.flood)),
        *(
            Filter(kind, stage, Spec(kind, sizes.framed), ("--input", kind))
            for kind in FRAMED
        ),
        *plan_sessions(stage, sizes.sessions),
        *(
            Filter(f"growth {size}", stage, Spec("ordinary", size))
            for size in sizes.growth
        ),
    ]


def plan_sessions(stage: Stage, most: int) -> list[Case]:
    room = cap_option(stage, max(2_000_000, 2 * most))
    cap = cap_option(stage, min(DEFAULT_CAP, most // 5))
    sizes = {"sessions few": FEW_SESSIONS, "sessions tenth": most // 10}
    return [
        *(
            Filter(name, stage, Spec("million", size), room, joined="all")
            for name, size in (sizes | {"sessions": most}).items()
        ),
        Filter("sessions capped", stage, Spec("million", most), cap, joined="not all"),
    ]


@dataclass(slots=True)
class Results:
    """Samples by case, and why a case has none."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def median(self, name: str, read: Callable[[Sample], float]) -> float:
        """Give the median of one case.

        Raises:
            RunFailed: the case was not run.
        """
        if name in self.reasons:
            raise RunFailed(self.reasons[name])
        return median(map(read, self.samples[name]))

    def seconds(self, name: str) -> float:
        return self.median(name, lambda sample: sample.seconds)

    def lines(self, name: str) -> float:
        return self.median(name, lambda sample: sample.lines)

    def peak_bytes(self, name: str) -> float:
        return 1024 * self.median(name, lambda sample: sample.peak_kib)

    def rate(self, name: str) -> float:
        return self.lines(name) / self.seconds(name)

    def event_rate(self, name: str) -> float:
        return self.median(name, lambda sample: sample.events) / self.seconds(name)

    def cost(self, name: str) -> float:
        """Give the seconds that a line takes, less those of start and end."""
        return (self.seconds(name) - self.seconds("empty")) / self.lines(name)


def measure(cases: Sequence[Case], rounds: Iterable[int]) -> Results:
    """Run all cases in each round; round 0 warms, checks the work, and is not timed."""
    results = Results()
    for number in rounds:
        for case in cases:
            if case.name in results.reasons:
                continue
            try:
                sample = case.take(verify=number == 0)
            except (RunFailed, NoRoom) as reason:
                results.reasons[case.name] = str(reason)
            else:
                if number:
                    results.samples.setdefault(case.name, []).append(sample)
    return results

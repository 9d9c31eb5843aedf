"""What was measured, by case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from tests.bench.cases import RunFailed, Sample
from tests.bench.instructions import PURE


@dataclass(slots=True)
class Results:
    """Samples by case, why a case has none, and instructions a line."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    instructions: dict[str, float] = field(default_factory=dict)

    def median(self, name: str, read: Callable[[Sample], float]) -> float:
        """Give the median of one case.

        Raises:
            RunFailed: the case was not run.
        """
        if name in self.reasons:
            raise RunFailed(self.reasons[name])
        if name not in self.samples:
            raise RunFailed("not measured")
        return median(map(read, self.samples[name]))

    def seconds(self, name: str) -> float:
        return self.median(name, lambda sample: sample.seconds)

    def lines(self, name: str) -> float:
        return self.median(name, lambda sample: sample.lines)

    def peak_bytes(self, name: str) -> float:
        return 1024 * self.median(name, lambda sample: sample.peak_kib)

    def rate(self, name: str) -> float:
        return self.lines(name) / self.seconds(name)

    def clock_rate(self, name: str) -> float:
        """Give lines by the clock, for what runs on several cores."""
        return self.lines(name) / self.median(name, lambda sample: sample.elapsed)

    def started_rate(self, name: str) -> float:
        """Give lines a second, less the time of start and end."""
        return self.lines(name) / self.without_start(name)

    def result_rate(self, name: str) -> float:
        """Give AUTH results a second, less the time of start and end."""
        results = self.median(name, lambda sample: sample.results)
        return results / self.without_start(name)

    def without_start(self, name: str) -> float:
        empty = "empty pure" if name.endswith(PURE) else "empty"
        return self.seconds(name) - self.seconds(empty)

    def cost(self, name: str) -> float:
        """Give the seconds that a line takes, less those of start and end."""
        return self.without_start(name) / self.lines(name)

    def cost_behind(self, name: str, before: str) -> float:
        """Give the seconds of a line behind all those of the case ``before``."""
        more = self.lines(name) - self.lines(before)
        return (self.seconds(name) - self.seconds(before)) / more

    def counted(self, name: str) -> float:
        """Give the instructions of a line.

        Raises:
            RunFailed: they were not counted.
        """
        if name not in self.instructions:
            raise RunFailed("not counted")
        return self.instructions[name]

"""Time for the forward destination: clock, sleep and chance, exchangeable."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

# A doubling beyond this is past every maximum anyone sets, and cannot overflow.
_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class Timing:
    """Where time and chance come from; seconds, and numbers in [0, 1)."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    slice: float = 0.25
    """Longest wait that nothing can interrupt, the making of a connection aside."""
    patience: float = 0.0
    """How long a stop waits for acknowledgements, which spare repetitions."""


class Backoff:
    """Delays that double from ``first`` to ``longest`` seconds.

    Each is cut by a random part of up to half, so that a fleet that lost one
    receiver does not come back to it in step.
    """

    def __init__(
        self, first: float, longest: float, chance: Callable[[], float]
    ) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        self._failures = 0

    def next(self) -> float:
        """Return the seconds to wait after one more failure."""
        doubled = self._first * 2.0 ** min(self._failures, _MAX_DOUBLINGS)
        self._failures += 1
        return min(doubled, self._longest) * (1.0 - self._chance() / 2)

    def reset(self) -> None:
        """Begin with the first delay again."""
        self._failures = 0

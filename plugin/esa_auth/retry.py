"""Trying one thing again until it works: what fails is logged once, and no try is lost.

Everything that writes outside waits here: files, checkpoints, receivers.
"""

import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from esa_auth.errors import TemporaryError

FIRST_PAUSE = 0.1
# Writing goes on within this of the moment when there is space again.
LONGEST_PAUSE = 2.0
# A doubling beyond this is past every maximum anyone sets, and cannot overflow.
_MAX_DOUBLINGS = 32

_log = logging.getLogger("esa_auth")


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
        self, first: float, longest: float, chance: Callable[[], float] = lambda: 0.0
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


@dataclass(frozen=True, slots=True)
class Words:
    """What is logged, and what the error says when a stop ends the tries."""

    failing: str = "{what}: {why}: waiting until it can be written"
    again: str = "{what}: written again after {tries} tries"
    stopped: str = "{what}: {why}"


_OF_A_FILE = Words()
UNSLICED = Timing(slice=math.inf)


class Retry:
    """The tries of one thing."""

    def __init__(
        self,
        what: str,
        stopped: Callable[[], bool] = lambda: False,
        timing: Timing = UNSLICED,
        backoff: Backoff | None = None,
        words: Words = _OF_A_FILE,
    ) -> None:
        """``what`` is for the log; ``stopped`` says that there is no more waiting."""
        self._what = what
        self._stopped = stopped
        self._timing = timing
        self._backoff = backoff or Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._words = words
        self._stopped_at: float | None = None
        self.trouble = ""
        """Why the last try failed; empty if it did not. For any thread."""
        self.tries = 0
        """Failures since it worked last."""

    def failed(self, why: str, at_least: float = 0.0) -> None:
        """Wait before the next try, ``at_least`` so many seconds.

        Raises:
            TemporaryError: it is time to stop.
        """
        if why != self.trouble:
            self.trouble = why
            _log.warning("%s", self._words.failing.format(what=self._what, why=why))
        self.tries += 1
        left = max(self._backoff.next(), at_least)
        while left > 0:
            self.check_stop()
            self._timing.sleep(min(left, self._timing.slice))
            left -= self._timing.slice
        self.check_stop()

    def worked(self) -> None:
        """Note that a try succeeded."""
        self._backoff.reset()
        if self.trouble:
            again = self._words.again.format(what=self._what, tries=self.tries)
            _log.warning("%s", again)
        self.trouble, self.tries = "", 0

    def check_stop(self) -> None:
        """Return unless it is time to stop.

        Raises:
            TemporaryError: it is.
        """
        if self._stopped():
            text = self._words.stopped.format(what=self._what, why=self.trouble)
            raise TemporaryError(text)

    def check_patience(self) -> None:
        """As `check_stop`, but only when a stop has lasted as long as we have patience.

        For a wait in which something may still come, as an acknowledgement.
        """
        if not self._stopped():
            self._stopped_at = None
            return
        now = self._timing.clock()
        if self._stopped_at is None:
            self._stopped_at = now
        if now - self._stopped_at >= self._timing.patience:
            self.check_stop()

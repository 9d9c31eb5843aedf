"""The life of one command, told by the loop that does the work. Plain numbers."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

from esa_auth.counters import Counters


@dataclass(frozen=True, slots=True)
class Beat:
    """One moment, whole: ``counters`` are of the last delivery and add up.

    ``waiting`` events have been under way for ``busy`` seconds (None: nothing is);
    ``silent`` is seconds since the last line came, or since the start.
    """

    counters: Counters
    waiting: int
    busy: float | None
    silent: float


class Pulse:
    """Kept by the loop, read by any thread at any moment."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds that never go back."""
        self._clock = clock
        self._counters = Counters()
        self._waiting = 0
        self._busy_since: float | None = None
        self._line_at = clock()

    def begins(self, events: int) -> None:
        """Note that so many events are being handed on."""
        self._waiting = events
        self._busy_since = self._clock()

    def ends(self, counters: Counters) -> None:
        """Note that all is handed on; ``counters`` add up to here."""
        if counters.lines != self._counters.lines:
            self._line_at = self._clock()
        # A copy, put in place at once: whoever reads gets one moment and not two.
        self._counters = copy(counters)
        self._waiting, self._busy_since = 0, None

    def beat(self) -> Beat:
        """Return how it is now."""
        since, now = self._busy_since, self._clock()
        return Beat(
            self._counters,
            self._waiting,
            None if since is None else now - since,
            now - self._line_at,
        )

"""The life of one command, told by the loop that does the work. Plain numbers."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

from esa_auth.model.counters import Counters

# Of so many lines at least, if there were so many, and of less than two times as many
# and a block, is told how many have a head that is not known.
RECENT = 1000


@dataclass(frozen=True, slots=True)
class Beat:
    """One moment, whole: ``counters`` are of the last delivery and add up.

    ``waiting`` events have been under way for ``busy`` seconds (None: nothing is);
    ``silent`` is seconds since the last line came, or since the start. Of the last
    ``recent`` lines, ``unknown`` have a head that no framing reads.
    """

    counters: Counters
    waiting: int
    busy: float | None
    silent: float
    recent: int = 0
    unknown: int = 0


class Pulse:
    """Kept by the loop, read by any thread at any moment."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds that never go back."""
        self._clock = clock
        self._counters = Counters()
        self._waiting = 0
        self._busy_since: float | None = None
        self._line_at = clock()
        # Lines and unknown heads where the recent ones begin, now and after the next
        # step.
        self._begin = self._next = (0, 0)

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
        if counters.lines - self._next[0] >= RECENT:
            self._begin = self._next
            self._next = (counters.lines, counters.unknown_heads)
        self._waiting, self._busy_since = 0, None

    def beat(self) -> Beat:
        """Return how it is now."""
        since, now = self._busy_since, self._clock()
        lines, unknown = self._begin
        counters = self._counters
        return Beat(
            counters,
            self._waiting,
            None if since is None else now - since,
            now - self._line_at,
            counters.lines - lines,
            counters.unknown_heads - unknown,
        )

"""Outcomes over time, in as many buckets as a chart can show."""

# Each divides the next, so that finer buckets add up to coarser ones.
_WIDTHS = (60, 300, 900, 3600, 10_800, 21_600, 86_400, 604_800)
MOST_BUCKETS = 400


class Timeline:
    """Counts by time; ``width`` of a bucket in seconds grows with the span."""

    def __init__(self) -> None:
        self.width = _WIDTHS[0]
        self._buckets: dict[int, list[int]] = {}
        self._first = self._last = 0

    def add(self, epoch: int, *, failed: bool) -> None:
        """Count one attempt at ``epoch`` seconds."""
        place = epoch // self.width
        bucket = self._buckets.get(place)
        if bucket is None:
            place = self._made_room(epoch)
            bucket = self._buckets.setdefault(place, [0, 0])
        bucket[failed] += 1

    def series(self) -> tuple[int, list[int], list[int]]:
        """Return the first bucket's epoch seconds, successes, failures; no gaps."""
        if not self._buckets:
            return 0, [], []
        places = range(self._first, self._last + 1)
        found = [self._buckets.get(place, [0, 0]) for place in places]
        start = self._first * self.width
        return start, [s for s, _ in found], [f for _, f in found]

    def _made_room(self, epoch: int) -> int:
        while True:
            place = epoch // self.width
            first = min(self._first, place) if self._buckets else place
            last = max(self._last, place) if self._buckets else place
            if last - first < MOST_BUCKETS:
                self._first, self._last = first, last
                return place
            self._coarsen()

    def _coarsen(self) -> None:
        wider = next((w for w in _WIDTHS if w > self.width), self.width * 2)
        factor = wider // self.width
        merged: dict[int, list[int]] = {}
        for place, (good, bad) in self._buckets.items():
            bucket = merged.setdefault(place // factor, [0, 0])
            bucket[0] += good
            bucket[1] += bad
        self.width, self._buckets = wider, merged
        self._first, self._last = min(merged), max(merged)

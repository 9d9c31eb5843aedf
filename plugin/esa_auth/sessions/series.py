"""Two appliances under one name, told by the numbers of their connections.

An appliance counts its connections up. It may begin again (a restart, the end of the
counter), which is one step to somewhere else, and lines may come in another order,
which is a small step back. Only two appliances step to and fro, again and again,
between two series that are far apart.

Each step to and fro is worth 16 points, of 192 at most; each step within a series takes
one away. From 128 points on, and until it is less, there are two appliances.
"""

# A step that is not longer stays in its series: lines are lost, or come late.
NEAR = 10_000
_TO_AND_FRO = 16
_MOST = 192
_ENOUGH = 128
# Near to no number.
_NOWHERE = -2 * NEAR


class Series:
    """The numbers of one side of one appliance, as they were opened."""

    __slots__ = (
        "_other",
        "conflicts",
        "current",
        "doubled",
        "jumped",
        "score",
        "thousand",
    )

    def __init__(self) -> None:
        # The highest number of the series that was stepped in last, and of the other.
        self.current = self._other = _NOWHERE
        self.score = 0
        # Whether there are two appliances.
        self.doubled = False
        # When a series began that was not known, epoch seconds.
        self.jumped = 0
        self.conflicts = 0
        # The number taken last, without its last three digits. Other numbers of this
        # thousand tell nothing new. None: the next number counts, whatever it is.
        self.thousand: bytes | None = None

    def opened(self, text: bytes, at: int) -> None:
        """Take the number of a connection that was opened."""
        number = int(text)
        step = number - self.current
        if -NEAR <= step <= NEAR:
            self.current = max(self.current, number)
            self.score = max(0, self.score - 1)
        elif abs(number - self._other) <= NEAR:
            highest = max(self._other, number)
            self.current, self._other = highest, self.current
            self.score = min(_MOST, self.score + _TO_AND_FRO)
            self.conflicts += self.score >= _ENOUGH and not self.doubled
        else:
            self.current, self._other = number, self.current
            self.jumped = at
        self.doubled = self.score >= _ENOUGH
        self.thousand = None if self.score else text[:-3]

    def snapshot(self) -> dict[str, int]:
        """Return what a restart needs."""
        return {
            "current": self.current,
            "other": self._other,
            "score": self.score,
            "jumped": self.jumped,
        }

    def restore(self, saved: dict[str, int]) -> None:
        """Take up a snapshot.

        Raises:
            LookupError: a field is missing.
        """
        self.current, self._other = saved["current"], saved["other"]
        self.score, self.jumped = saved["score"], saved["jumped"]
        self.doubled = self.score >= _ENOUGH

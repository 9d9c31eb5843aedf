"""Which connections of an appliance changed, for a state that is saved in parts.

Kafka's changelog takes what changed at each commit. The file takes all there is, so
that nothing need be noted for it.
"""

from esa_auth.model.facts import Side
from esa_auth.model.session import Session

Key = tuple[Side, bytes]


class Changes:
    """Notes keys of connections (side, number) from `watch` on, and nothing before."""

    __slots__ = ("_noted", "watching")

    def __init__(self) -> None:
        # True: added, which gives it the last place in the order of its table.
        self._noted: dict[Key, bool] = {}
        # Until then nothing is noted, and callers that are in haste need not ask.
        self.watching = False

    def watch(self) -> None:
        """Begin to note."""
        self._noted, self.watching = {}, True

    def added(self, side: Side, number: bytes) -> None:
        """Note a connection that was put at the end of its table."""
        if self.watching:
            self._noted.pop((side, number), None)
            self._noted[side, number] = True

    def changed(self, side: Side, number: bytes) -> None:
        """Note a connection that was changed in place, may be so, or was removed."""
        if self.watching:
            self._noted.setdefault((side, number), False)

    def session_changed(self, session: Session) -> None:
        """Note a live session that was changed in place, or may be so."""
        if self.watching:
            self._noted.setdefault((session.side, session.number.encode()), False)

    def take(self) -> dict[Key, bool]:
        """Return the keys since the last call, those added in the order of addition."""
        noted = self._noted
        self.watch()
        return noted

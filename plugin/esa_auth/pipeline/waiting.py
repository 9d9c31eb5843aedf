"""What waits to become an event, because its session may still learn something."""

from collections import OrderedDict
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from esa_auth.facts import AuthNotice, InboundResult, Instant, OutboundResult
from esa_auth.joined import Observer, Session, Source

# Of one appliance. Beyond either the oldest do not wait any longer.
MOST_HELD = 4096
MOST_BYTES = 1 << 22

Said: TypeAlias = InboundResult | OutboundResult | AuthNotice
_KINDS = {kind.__name__: kind for kind in (InboundResult, OutboundResult, AuthNotice)}


class Held(NamedTuple):
    """What a line said, covered and counted; its session may still learn."""

    fact: Said
    session: Session
    source: Source

    @property
    def size(self) -> int:
        """Bytes of the line."""
        return len(self.source.raw or b"")


class Waiting:
    """What is held of one appliance, in the order of its lines."""

    __slots__ = ("_held", "_next", "_of", "_size")

    def __init__(self) -> None:
        self._held: OrderedDict[int, Held] = OrderedDict()
        self._of: dict[Session, list[int]] = {}
        self._next = 0
        self._size = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def full(self) -> bool:
        """Whether the oldest must go."""
        return len(self._held) > MOST_HELD or self._size > MOST_BYTES

    def add(self, held: Held) -> None:
        """Hold one more."""
        self._add(self._next, held)

    def oldest(self) -> Held | None:
        """Return the one that has waited longest."""
        return next(iter(self._held.values()), None)

    def take_oldest(self) -> Held:
        """Return it and hold it no more."""
        number, held = self._held.popitem(last=False)
        numbers = self._of[held.session]
        numbers.remove(number)
        if not numbers:
            del self._of[held.session]
        self._gone(held)
        return held

    def take(self, session: Session) -> list[Held]:
        """Return what is held of ``session``, and hold it no more."""
        taken = [self._held.pop(number) for number in self._of.pop(session, ())]
        for held in taken:
            self._gone(held)
        return taken

    def take_all(self) -> list[Held]:
        """Return all, and hold nothing."""
        return [self.take_oldest() for _ in range(len(self))]

    def saved_of(self, session: Session) -> list[Any]:
        """Return what is held of ``session`` as plain data."""
        return [
            [number, type(held.fact).__name__, list(held.fact), list(held.source)]
            for number in self._of.get(session, ())
            for held in (self._held[number],)
        ]

    def snapshot(self) -> list[Any]:
        """Return all of it as plain data: (side, number of the session, its rows)."""
        return [[s.side, s.number, self.saved_of(s)] for s in self._of]

    def restore(self, saved: list[tuple[Session, list[Any]]]) -> None:
        """Take up rows that `saved_of` gave of each session.

        Raises:
            ValueError, TypeError, KeyError: they are none.
        """
        found = [
            (number, Held(_KINDS[kind](*fact), session, _source(source)))
            for session, rows in saved
            for number, kind, fact, source in rows
        ]
        for number, held in sorted(found, key=itemgetter(0)):
            self._add(number, held)

    def _add(self, number: int, held: Held) -> None:
        self._held[number] = held
        self._of.setdefault(held.session, []).append(number)
        self._next = number + 1
        self._size += held.size

    def _gone(self, held: Held) -> None:
        """Note that it is held no more."""
        self._size -= held.size


def _source(saved: list[Any]) -> Source:
    source = Source(*saved)
    epoch, iso, zone, flags = source.instant
    return source._replace(
        instant=Instant(epoch, iso, zone, tuple(flags)),
        observer=Observer(*source.observer),
        flags=tuple(source.flags),
    )

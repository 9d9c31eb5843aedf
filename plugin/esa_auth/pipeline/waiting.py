"""What waits to become an event, because its session may still learn something."""

from collections import OrderedDict
from heapq import heapify, heappop, heappush
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from esa_auth.model.facts import AuthNotice, InboundResult, OutboundResult
from esa_auth.model.session import Session, Source, Summary
from esa_auth.privacy import REDACTED
from esa_auth.sessions import Changes

# Of one appliance. Beyond either the oldest do not wait any longer.
MOST_HELD = 4096
MOST_BYTES = 1 << 22


class SessionEnd(NamedTuple):
    """The end of a session, which comes behind what is held of it."""

    closed: bool


class SessionProgress(NamedTuple):
    """What an open session had done at a line, and the last who had got in by then."""

    summary: Summary
    user: str | None = None


# The client's address, and the listener or else the session.
Place: TypeAlias = tuple[str, str]
OfSession: TypeAlias = SessionEnd | SessionProgress
Said: TypeAlias = InboundResult | OutboundResult | AuthNotice | OfSession


class Held(NamedTuple):
    """What a line said, covered and counted; its session may still learn.

    ``patience`` is in seconds of the log. A name that failed at ``place`` may turn out
    to be a password; ``redacted`` is the same without it.
    """

    fact: Said
    session: Session
    source: Source
    patience: int = 0
    place: Place | None = None
    redacted: tuple[Said, Source] | None = None

    @property
    def until(self) -> int:
        """The last second of the log in which it waits."""
        return self.source.instant.epoch + self.patience

    @property
    def size(self) -> int:
        """Bytes of the line."""
        return len(self.source.raw or b"")

    def safe(self) -> "Held":
        """Return it as it may be saved."""
        if self.redacted is None:
            return self
        fact, source = self.redacted
        return self._replace(fact=fact, source=source, place=None, redacted=None)

    @property
    def tried(self) -> tuple[str, str | None]:
        """The name that was tried, and the profile if it is said."""
        fact = self.fact
        if isinstance(fact, InboundResult | AuthNotice):
            return fact.user or "", fact.profile
        return "", None


class Waiting:
    """What is held of one appliance; of a session, in the order of its lines."""

    __slots__ = ("_changes", "_doubts", "_heads", "_held", "_next", "_of", "_size")

    def __init__(self, changes: Changes | None = None) -> None:
        """``changes`` is told of which sessions something is held no more."""
        self._changes = changes or Changes()
        self._held: OrderedDict[int, Held] = OrderedDict()
        self._of: dict[Session, list[int]] = {}
        self._doubts: dict[Place, dict[int, None]] = {}
        # (until, number) of the first of each session; some are gone.
        self._heads: list[tuple[int, int]] = []
        self._next = 0
        self._size = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def lines(self) -> int:
        """How many lines are held; those on sessions were counted when they came."""
        held = self._held.values()
        return sum(not isinstance(one.fact, OfSession) for one in held)

    @property
    def sessions(self) -> list[Session]:
        """Of which something is held."""
        return list(self._of)

    def holds(self, session: Session) -> bool:
        """Return whether anything of ``session`` is held."""
        return session in self._of

    def add(self, held: Held) -> None:
        """Hold one more."""
        self._add(self._next, held)

    def take_due(self, now: int) -> Held | None:
        """Return one that has waited long enough, and hold it no more.

        A clock that was set back must not keep it: it is late by as much.
        """
        while self._heads:
            number = self._heads[0][1]
            held = self._held.get(number)
            if held is not None:
                if abs(now - held.source.instant.epoch) <= held.patience:
                    return None
                return self._take(number)
            heappop(self._heads)
        return None

    def take_excess(self) -> list[Held]:
        """Return the oldest of what is too much, and hold them no more."""
        taken = []
        while len(self._held) > MOST_HELD or self._size > MOST_BYTES:
            taken.append(self._take_oldest())
        return taken

    def take(self, session: Session) -> list[Held]:
        """Return what is held of ``session``, and hold it no more."""
        return [self._take(number) for number in list(self._of.get(session, ()))]

    def take_all(self) -> list[Held]:
        """Return all, and hold nothing."""
        return [self._take_oldest() for _ in range(len(self))]

    def redact(self, fact: InboundResult, place: Place) -> None:
        """Take a success: other names that failed at its place were mistyped.

        Its own name is an account, and waits no more for that to be known.
        """
        for number in list(self._doubts.get(place, ())):
            held = self._held[number]
            tried, profile = held.tried
            if profile not in (None, fact.profile):
                continue
            self._settle(number, held)
            if tried != fact.user:
                self._held[number] = held.safe()
                _forget(held.session, tried)

    def doubtful(self, session: Session) -> set[str]:
        """Return the names of ``session`` that may turn out to be passwords."""
        return {
            held.tried[0]
            for held in map(self._held.__getitem__, self._of.get(session, ()))
            if held.redacted
        }

    def of(self, session: Session) -> list[tuple[int, Held]]:
        """Return what is held of ``session``, each with its turn among all."""
        return [(turn, self._held[turn]) for turn in self._of.get(session, ())]

    def restore(self, held: list[tuple[int, Held]]) -> None:
        """Take up what `of` gave of all sessions."""
        for turn, one in sorted(held, key=itemgetter(0)):
            self._add(turn, one)

    def _add(self, number: int, held: Held) -> None:
        self._held[number] = held
        numbers = self._of.setdefault(held.session, [])
        numbers.append(number)
        if len(numbers) == 1:
            self._lead(number)
        if held.place:
            self._doubts.setdefault(held.place, {})[number] = None
        self._next = number + 1
        self._size += held.size

    def _take_oldest(self) -> Held:
        return self._take(next(iter(self._held)))

    def _take(self, number: int) -> Held:
        held = self._held.pop(number)
        self._settle(number, held)
        numbers = self._of[held.session]
        numbers.remove(number)
        if numbers:
            self._lead(numbers[0])
        else:
            del self._of[held.session]
        self._size -= held.size
        self._changes.session_changed(held.session)
        return held

    def _lead(self, number: int) -> None:
        heappush(self._heads, (self._held[number].until, number))
        if len(self._heads) > 2 * len(self._of) + 64:
            self._heads = [(self._held[n[0]].until, n[0]) for n in self._of.values()]
            heapify(self._heads)

    def _settle(self, number: int, held: Held) -> None:
        """Note that no success will say anything of a name any more."""
        if held.place:
            doubts = self._doubts[held.place]
            del doubts[number]
            if not doubts:
                del self._doubts[held.place]
            if number in self._held:
                self._held[number] = held._replace(place=None, redacted=None)
                self._changes.session_changed(held.session)


def _forget(session: Session, tried: str) -> None:
    """Leave a name out of a session's end."""
    if tried in session.users and tried != session.last_success:
        kept = (REDACTED if name == tried else name for name in session.users)
        session.users = dict.fromkeys(kept)

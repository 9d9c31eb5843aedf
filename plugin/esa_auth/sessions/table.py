r"""Open connections of one side of one appliance, bounded.

Most connections never authenticate. Their lines are *kept* as they came and read only
when an AUTH line asks for them; then the connection becomes a `Session`. What begins
and ends a connection is in `sessions.states`; each event has a method here.

What is kept is one bytes object, ``<epoch> <body>\n<body>...``; the epoch is the time
of the first line. It has a sign, ``+``, while the opening line was not seen.

Two rules on time, both absolute and in seconds of the log. A clock may be set back, so
a difference of either sign is an age: what is an hour in the future is as old as what
is an hour in the past.

- Late: an opening line belongs to a session, or to kept lines, without one if it is at
  most `SAME_MOMENT` seconds away from the first line of these.
- Expired: a session, or kept lines, that began more than ``max_age`` seconds away from
  the time of the line that was read last is over. In a sweep it has to be so by the
  appliance's steady clock too: what has just begun behind a jump that this clock does
  not follow yet is new.
"""

from collections.abc import Callable, Iterable
from itertools import islice, takewhile

from esa_auth.model.facts import (
    Fact,
    InboundOpened,
    Instant,
    OutboundOpened,
    Side,
    Unread,
)
from esa_auth.model.session import Session
from esa_auth.sessions.changes import Changes
from esa_auth.sessions.states import TRANSITIONS, Ended, Event, State

# Lines of one second may come in another order over UDP (and do in Elastic's fixture).
SAME_MOMENT = 2
# Stands for the lines of a number that two appliances have open under one name. No line
# begins so.
CONFLICT = b"\0conflict"
# A connection's opening lines take some 300 bytes; the rest would be a flood.
MAX_KEPT = 4096
# How many of the oldest a sweep looks at in one go.
SWEPT = 32
_REMEMBERED = 512


class Table:
    """Kept lines and live sessions by number (ICID or DCID, as bytes)."""

    def __init__(
        self,
        side: Side,
        max_age: int,
        read: Callable[[bytes], Fact | Unread],
        shorten: Callable[[bytes], bytes],
        resolve: Callable[[int], Instant],
        changes: Changes | None = None,
    ) -> None:
        """Take the longest age of a session in log seconds, and how lines are read.

        ``read`` gets a body whose number was replaced by 0. ``shorten`` gives what is
        kept of a body for which there is no room, if anything is.
        """
        self.side: Side = side
        self.max_age = max_age
        self.kept: dict[bytes, bytes] = {}
        self.live: dict[bytes, Session] = {}
        self.ends = dict.fromkeys(State, 0)
        self.conflicts = 0
        self.changes = changes or Changes()
        self._read = read
        # A long line may be long on purpose, and is not remembered.
        self._read_long = getattr(read, "__wrapped__", read)
        self._shorten = shorten
        self._resolve = resolve

    def __len__(self) -> int:
        return len(self.kept) + len(self.live)

    def state(self, number: bytes) -> State:
        """Return what is known of ``number``."""
        if number in self.kept:
            return State.KEPT
        return State.LIVE if number in self.live else State.UNKNOWN

    def session_of(self, number: bytes) -> Session | None:
        """Return the live session of ``number``, which the caller may change."""
        session = self.live.get(number)
        if session is not None:
            self.changes.changed(self.side, number)
        return session

    def opened(
        self, number: bytes, at: int, body: bytes, since: int = 0
    ) -> Ended | None:
        """Begin a connection; return the live session it replaces.

        A live session without an opening line is not replaced by one that comes a
        moment late: it is its own. ``since`` is when the appliance last began to count
        from the start. If the number has been open on another interface since then,
        two appliances use it, and from then on nothing is known of either.
        """
        if self.state(number) is State.UNKNOWN:
            self._keep(number, b"%d %b" % (at, body))
            return None
        if self._is_late(number, at):
            self._opened_late(number, at, body)
            return None
        foreign = self._is_foreign(number, at, body, since)
        ended = self._end(number, Event.OPENED, at)
        if foreign:
            self.conflicts += 1
            body = CONFLICT
            if ended is not None:
                ended.session.disown()
        self._keep(number, b"%d %b" % (at, body))
        return ended

    def described(self, number: bytes, instant: Instant, body: bytes) -> bool:
        """Take a context line; return whether it is the first of its connection."""
        kept = self.kept.get(number, b"")
        if len(body) + len(kept) > MAX_KEPT:
            body = self._shorten(body)
            if body in kept.split(b"\n"):
                body = b""
        if kept:
            if body:
                self.kept[number] = kept + b"\n" + body
                if self.changes.watching:
                    self.changes.changed(self.side, number)
            return False
        session = self.session_of(number)
        if session is None:
            if body:
                self._keep(number, b"%+d %b" % (instant.epoch, body))
            return True
        session.last = instant
        if body and not session.disowned:
            session.fold(self._fact(number, body))
        return False

    def authenticated(self, number: bytes, instant: Instant) -> Session:
        """Return the live session of ``number``, made from the kept lines if need be.

        The caller has ended one that is too old, see `expire`.
        """
        session = self.live.get(number)
        if session is not None:
            if self.changes.watching:
                self.changes.changed(self.side, number)
            return session
        kept = self.kept.pop(number, None)
        if kept is None:
            session = Session(self.side, number.decode(), instant)
        else:
            session = self.unfolded(number, kept)
        self.live[number] = session
        if self.changes.watching:
            self.changes.added(self.side, number)
        return session

    def unfolded(self, number: bytes, kept: bytes) -> Session:
        """Make a session of kept lines, as old as the first of them."""
        began, _, bodies = kept.partition(b" ")
        lines, first = bodies.split(b"\n"), self._resolve(int(began))
        session = Session(self.side, number.decode(), first)
        if CONFLICT in lines:
            session.disown()
            return session
        for line in lines:
            # As a line of connection 0: many have the same, then.
            read = self._read if len(line) <= _REMEMBERED else self._read_long
            session.fold(read(line.replace(number, b"0", 1)))
        if session.opening is not None:
            session.opened = first
        return session

    def closed(self, number: bytes, now: int) -> Ended | None:
        """End the connection; return its live session."""
        return self._end(number, Event.CLOSED, now)

    def expire(self, number: bytes, now: int) -> Ended | None:
        """End the connection if it is too old; return its live session."""
        if not self._is_old(number, now):
            return None
        return self._end(number, Event.GREW_OLD, now)

    def sweep(self, steady: int, last: int) -> list[Ended]:
        """Drop what is too old by both clocks, return the live sessions among it."""

        def is_old(number: bytes) -> bool:
            return self._is_old(number, steady) and self._is_old(number, last)

        while old := list(filter(is_old, islice(self.kept, SWEPT))):
            self._end_all(old, Event.GREW_OLD, last)
        old = list(takewhile(is_old, islice(self.live, SWEPT)))
        return self._end_all(old, Event.GREW_OLD, last)

    def evict(self, count: int, now: int) -> list[Ended]:
        """Drop the ``count`` oldest of the larger kind; return as `sweep` does."""
        larger = self.kept if len(self.kept) >= len(self.live) else self.live
        return self._end_all(list(islice(larger, count)), Event.CROWDED_OUT, now)

    def abandon(self, event: Event, now: int) -> list[Ended]:
        """End all connections by ``event``; return as `sweep` does."""
        return self._end_all([*self.kept, *self.live], event, now)

    def _end_all(self, numbers: Iterable[bytes], event: Event, now: int) -> list[Ended]:
        ended = (self._end(number, event, now) for number in numbers)
        return [one for one in ended if one is not None]

    def _end(self, number: bytes, event: Event, now: int) -> Ended | None:
        """End a connection by ``event``, or by its age if it is too old for that."""
        if self._is_old(number, now):
            event = Event.GREW_OLD
        kept, session = self.kept.pop(number, None), self.live.pop(number, None)
        if kept is None and session is None:
            return None
        end = TRANSITIONS[State.LIVE if session else State.KEPT][event]
        self.ends[end] += 1
        self.changes.changed(self.side, number)
        return Ended(session, end) if session else None

    def _keep(self, number: bytes, kept: bytes) -> None:
        self.kept[number] = kept
        if self.changes.watching:
            self.changes.added(self.side, number)

    def _is_old(self, number: bytes, now: int) -> bool:
        """Return whether a connection is over by its age: see the top of the module."""
        kept = self.kept.get(number)
        if kept is not None:
            began = began_at(kept)
        elif (session := self.live.get(number)) is not None:
            began = session.start.epoch
        else:
            return False
        return abs(now - began) > self.max_age

    def _is_late(self, number: bytes, at: int) -> bool:
        """Return whether an opening line of ``at`` is that of what is open."""
        session = self.live.get(number)
        if session is not None:
            lacks_opening, first = session.opening is None, session.first.epoch
        else:
            kept = self.kept[number]
            lacks_opening, first = kept.startswith(b"+"), began_at(kept)
        return lacks_opening and abs(at - first) <= SAME_MOMENT

    def _opened_late(self, number: bytes, at: int, body: bytes) -> None:
        session = self.session_of(number)
        if session is None:
            rest = self.kept.pop(number).partition(b" ")[2]
            self._keep(number, b"%d %b\n%b" % (at, body, rest))
        elif not session.disowned:
            opening = self._opening(number, body)
            if opening is not None:
                session.opened = self._resolve(at)
                session.fold(opening)

    def _is_foreign(self, number: bytes, at: int, body: bytes, since: int) -> bool:
        """Return whether another appliance has ``number`` open under this name."""
        session = self.live.get(number)
        if session is not None:
            began, opening = session.start.epoch, session.opening
            doubled = session.disowned
        else:
            kept = self.kept[number]
            lines = kept.partition(b" ")[2].split(b"\n")
            began, opening = began_at(kept), self._opening(number, lines[0])
            doubled = CONFLICT in lines
        # Of two that had the number open, one may have it still.
        here, other = _interface(opening), _interface(self._opening(number, body))
        foreign = doubled or (bool(here and other) and here != other)
        return foreign and began >= since and not self._is_old(number, at)

    def _opening(
        self, number: bytes, body: bytes
    ) -> InboundOpened | OutboundOpened | None:
        fact = self._fact(number, body)
        return fact if isinstance(fact, InboundOpened | OutboundOpened) else None

    def _fact(self, number: bytes, body: bytes) -> Fact | Unread:
        """Read a context line as that of connection 0."""
        return self._read_long(body.replace(number, b"0", 1))


def began_at(kept: bytes) -> int:
    """Return when the first of kept lines was written, epoch seconds."""
    return int(kept.partition(b" ")[0])


def _interface(opening: InboundOpened | OutboundOpened | None) -> str:
    """Return the address of the appliance's interface, or else its name."""
    if isinstance(opening, InboundOpened):
        return opening.interface_ip or opening.interface
    return opening.interface if opening else ""

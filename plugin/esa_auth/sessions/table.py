r"""Open connections of one side of one appliance, bounded.

Most connections never authenticate. Their opening lines are kept as they came, in one
bytes object each (``<epoch> <body>\n<body>...``), and read only when an AUTH line asks
for them; then the connection becomes a `Session`.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice

from esa_auth.model.facts import (
    Fact,
    InboundOpened,
    Instant,
    OutboundOpened,
    Side,
    Unread,
)
from esa_auth.model.session import Session
from esa_auth.sessions.age import is_expired, is_late
from esa_auth.sessions.fold import fold_context

# Stands for the lines of a number that two appliances have open under one name. No line
# begins so: what is kept begins with "New", "ICID" or "DCID".
_CONFLICT = b"\0conflict"
# A connection's opening lines take some 300 bytes; the rest would be a flood.
MAX_KEPT = 4096
_TLS = re.compile(rb"TLS success(?![A-Za-z])|TLS")
# How many of the oldest a sweep looks at in one go.
SWEPT = 32


class Table:
    """Kept lines and live sessions by number (ICID or DCID, as bytes)."""

    __slots__ = (
        "_read",
        "_resolve",
        "conflicts",
        "evicted",
        "expired",
        "kept",
        "live",
        "max_age",
        "near",
        "replaced",
        "side",
    )

    def __init__(
        self,
        side: Side,
        max_age: int,
        read: Callable[[bytes], Fact | Unread],
        resolve: Callable[[int], Instant],
    ) -> None:
        """Take the longest age of a session in log seconds and the readers to use.

        ``read`` gets a body whose number was replaced by 0.
        """
        self.side: Side = side
        self.max_age = max_age
        # Times that begin with so many equal digits, of ten, are nearer than that.
        self.near = 11 - len(str(max_age))
        self.kept: dict[bytes, bytes] = {}
        self.live: dict[bytes, Session] = {}
        self.expired = 0
        self.evicted = 0
        self.replaced = 0
        self.conflicts = 0
        self._read = read
        self._resolve = resolve

    def __len__(self) -> int:
        return len(self.kept) + len(self.live)

    def reopen(
        self, number: bytes, at: int, body: bytes, since: int = 0
    ) -> Session | None:
        """Begin a new generation of ``number``; return the live session it replaces.

        Unless that one has no opening line yet and this is it, a moment late. If the
        number is open on another interface, and not from before ``since``, when the
        appliance began to count anew, two appliances have it: of neither is anything
        known from then on.
        """
        session = None
        if number in self.live:
            session = self.live[number]
            if session.opening is None and is_late(at, session.first.epoch):
                if not session.disowned:
                    self._late_opening(session, at, body)
                return None
            began, interface = session.start.epoch, _interface_of(session)
            doubled = session.disowned
            del self.live[number]
        else:
            kept = self.kept.pop(number)
            began, interface = _opened(kept), _interface(kept)
            doubled = _CONFLICT in _lines(kept)
            if _no_opening(kept) and is_late(at, began):
                rest = kept.partition(b" ")[2]
                self.kept[number] = b"%d %b\n%b" % (at, body, rest)
                return None
        self.replaced += 1
        other = _interface(body)
        # Of two that had the number open, one may have it still.
        foreign = doubled or (bool(interface and other) and interface != other)
        if foreign and began >= since and not is_expired(began, at, self.max_age):
            self.conflicts += 1
            body = _CONFLICT
            if session is not None:
                session.disown()
        self.kept[number] = b"%d %b" % (at, body)
        return session

    def add(self, number: bytes, at: int, body: bytes) -> None:
        """Keep a context line of a connection, unless it is far too long for one."""
        if number in self.live:
            session = self.live[number]
            said = body if len(body) <= MAX_KEPT else self._note(number, body)
            if said is not None and not session.disowned:
                fold_context(session, self._fact(number, said))
            return
        kept = self.kept.get(number)
        if len(body) + (0 if kept is None else len(kept)) > MAX_KEPT:
            self.left_out(number, at, body)
        elif kept is None:
            self.kept[number] = b"%d %b" % (at, body)
        else:
            self.kept[number] = kept + b"\n" + body

    def left_out(self, number: bytes, at: int, body: bytes) -> None:
        """Note of a context line that has no room what it may say of TLS.

        That no line says anything of it means cleartext.
        """
        note = self._note(number, body)
        if note is None:
            return
        kept = self.kept.get(number)
        if kept is None:
            self.kept[number] = b"%d %b" % (at, note)
        elif note not in kept.split(b"\n"):
            self.kept[number] = kept + b"\n" + note

    def _note(self, number: bytes, body: bytes) -> bytes | None:
        told = _TLS.search(body)
        if told is None:
            return None
        return b"%b %b %b" % (self.side.upper().encode(), number, told[0])

    def session(self, number: bytes, instant: Instant) -> Session:
        """Return the live session of ``number``, made from the kept lines if need be.

        The caller has dealt with one that is too old, see `drop_expired`.
        """
        if number in self.live:
            return self.live[number]
        kept = self.kept.pop(number, None)
        if kept is not None:
            began = _opened(kept)
            if not is_expired(began, instant.epoch, self.max_age):
                return self._unfolded(number, kept, began)
            self.expired += 1
        session = self.live[number] = Session(self.side, number.decode(), instant)
        return session

    def drop_expired(self, number: bytes) -> None:
        """Take out a live session that is too old."""
        del self.live[number]
        self.expired += 1

    def drop_stale(self, number: bytes, at: int) -> bool:
        """Forget kept lines too old for a line of ``at``; return whether any were."""
        kept = self.kept.get(number)
        if kept is None or not is_expired(_opened(kept), at, self.max_age):
            return False
        del self.kept[number]
        self.expired += 1
        return True

    def close(self, number: bytes) -> Session | None:
        """Forget ``number``; return its live session."""
        self.kept.pop(number, None)
        return self.live.pop(number, None)

    def sweep(self, steady: int, last: int) -> list[Session]:
        """Drop what is too old by both clocks, return the live sessions among it.

        By that of the line read ``last`` too: what has just begun behind a jump that
        the ``steady`` clock does not follow yet is new.
        """
        age = self.max_age

        def is_stale(began: int) -> bool:
            return is_expired(began, steady, age) and is_expired(began, last, age)

        while stale := [n for n, line in _head(self.kept) if is_stale(_opened(line))]:
            for number in stale:
                del self.kept[number]
            self.expired += len(stale)
        ended = []
        for number, session in list(islice(self.live.items(), SWEPT)):
            if not is_stale(session.start.epoch):
                break
            ended.append(self.live.pop(number))
        self.expired += len(ended)
        return ended

    def evict(self, count: int) -> list[Session]:
        """Drop the ``count`` oldest of the larger kind; return as `sweep` does."""
        if len(self.kept) >= len(self.live):
            victims = list(islice(self.kept, count))
            for number in victims:
                del self.kept[number]
            self.evicted += len(victims)
            return []
        oldest = list(islice(self.live, count))
        self.evicted += len(oldest)
        return [self.live.pop(number) for number in oldest]

    def _late_opening(self, session: Session, at: int, body: bytes) -> None:
        fact = self._fact(session.number.encode(), body)
        if isinstance(fact, InboundOpened | OutboundOpened):
            session.opened = self._resolve(at)
            fold_context(session, fact)

    def _unfolded(self, number: bytes, kept: bytes, began: int) -> Session:
        """Make a session of kept lines, as old as the first of them."""
        first = self._resolve(began)
        session = self.live[number] = Session(self.side, number.decode(), first)
        lines = _lines(kept)
        if _CONFLICT in lines:
            session.disown()
            return session
        for line in lines:
            fold_context(session, self._fact(number, line))
        if session.opening is not None:
            session.opened = first
        return session

    def _fact(self, number: bytes, body: bytes) -> Fact | Unread:
        """Read a context line as that of connection 0: many have the same, then."""
        lead, _, rest = body.partition(number)
        return self._read(b"%b0%b" % (lead, rest))


def _opened(kept: bytes) -> int:
    return int(kept[: kept.index(b" ")])


def _lines(kept: bytes) -> list[bytes]:
    return kept.partition(b" ")[2].split(b"\n")


def _no_opening(kept: bytes) -> bool:
    at = kept.index(b" ") + 1
    return kept[at : at + 4].lower() != b"new "


def _interface(body: bytes) -> bytes:
    """Return the address, or else the name, in ``interface NAME (ADDRESS) address``."""
    at = body.find(b" interface ")
    end = body.find(b" address ", at)
    if at < 0 or end < 0:
        return b""
    return body[at + 11 : end].rpartition(b" (")[2].removesuffix(b")")


def _interface_of(session: Session) -> bytes:
    opening = session.opening
    if isinstance(opening, InboundOpened):
        return (opening.interface_ip or opening.interface).encode()
    return opening.interface.encode() if opening else b""


def _head(kept: dict[bytes, bytes]) -> Iterator[tuple[bytes, bytes]]:
    return iter(list(islice(kept.items(), SWEPT)))

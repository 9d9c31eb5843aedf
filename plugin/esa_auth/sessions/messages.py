"""Messages of the sessions that authenticated, and of no others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from esa_auth.model.session import Session

# A session sends one message after the other: of so many, the ends were not seen.
MOST_OPEN = 1000


@dataclass(slots=True)
class _Message:
    session: Session
    recipients: int = 0


class Messages:
    """Messages begun and not yet taken or given up, by MID (bytes)."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[bytes, _Message] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, mid: bytes) -> bool:
        return mid in self._open

    def started(self, mid: bytes, session: Session) -> None:
        """Begin a message of ``session``."""
        self.aborted(mid)
        if len(session.mids) >= MOST_OPEN:
            self.ended(session)
        self._open[mid] = _Message(session)
        session.mids.add(mid)

    def recipient(self, mid: bytes) -> None:
        """Count a recipient that the appliance accepted."""
        if message := self._open.get(mid):
            message.recipients += 1

    def ready(self, mid: bytes) -> None:
        """The appliance has the whole message: it counts, with its recipients."""
        if message := self._open.pop(mid, None):
            message.session.messages += 1
            message.session.recipients += message.recipients
            message.session.mids.discard(mid)

    def aborted(self, mid: bytes) -> None:
        """Forget a message that was given up before it was ready."""
        if message := self._open.pop(mid, None):
            message.session.mids.discard(mid)

    def ended(self, session: Session) -> None:
        """Forget the open messages of a session that is over."""
        for mid in session.mids:
            self._open.pop(mid, None)
        session.mids.clear()

    def of(self, session: Session) -> list[tuple[bytes, int]]:
        """Return (MID, recipients) of the open messages of ``session``."""
        found = ((mid, self._open.get(mid)) for mid in session.mids)
        return sorted((mid, open_.recipients) for mid, open_ in found if open_)

    def session_of(self, mid: bytes) -> Session | None:
        """Return whose open message ``mid`` is."""
        message = self._open.get(mid)
        return None if message is None else message.session

    def snapshot(self) -> Iterator[tuple[bytes, str, int]]:
        """Yield (MID, ICID, recipients) of every open message."""
        return ((m, o.session.number, o.recipients) for m, o in self._open.items())

    def restore(self, saved: Iterable[tuple[bytes, Session, int]]) -> None:
        """Take up a snapshot whose ICIDs were replaced by their sessions."""
        for mid, session, recipients in saved:
            self._open[mid] = _Message(session, recipients)
            session.mids.add(mid)

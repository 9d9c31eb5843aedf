"""Messages of the sessions that authenticated, and of no others."""

from collections.abc import Iterable
from dataclasses import dataclass

from esa_auth.model.session import Session
from esa_auth.sessions.changes import Changes

# A session sends one message after the other: of so many, the ends were not seen.
MOST_OPEN = 1000


@dataclass(slots=True)
class _Message:
    session: Session
    recipients: int = 0


class Messages:
    """Messages begun and not yet taken or given up, by MID (bytes)."""

    __slots__ = ("_changes", "open")

    def __init__(self, changes: Changes | None = None) -> None:
        """``changes`` is told which sessions change."""
        # By MID; native code has its own values here, see `pipeline/native`.
        self.open: dict[bytes, _Message] = {}
        self._changes = changes or Changes()

    def __len__(self) -> int:
        return len(self.open)

    def __contains__(self, mid: bytes) -> bool:
        return mid in self.open

    def started(self, mid: bytes, session: Session) -> None:
        """Begin a message of ``session``."""
        self.aborted(mid)
        if len(session.mids) >= MOST_OPEN:
            self.ended(session)
        self.open[mid] = _Message(session)
        session.mids.add(mid)
        self._changes.session_changed(session)

    def recipient(self, mid: bytes) -> None:
        """Count a recipient that the appliance accepted."""
        if message := self.open.get(mid):
            message.recipients += 1
            self._changes.session_changed(message.session)

    def ready(self, mid: bytes) -> Session | None:
        """The appliance has the whole message: it counts, with its recipients.

        Return the session that it counts for.
        """
        message = self.open.pop(mid, None)
        if message is None:
            return None
        session = message.session
        session.messages += 1
        session.recipients += message.recipients
        session.mids.discard(mid)
        self._changes.session_changed(session)
        return session

    def aborted(self, mid: bytes) -> None:
        """Forget a message that was given up before it was ready."""
        if message := self.open.pop(mid, None):
            message.session.mids.discard(mid)
            self._changes.session_changed(message.session)

    def ended(self, session: Session) -> None:
        """Forget the open messages of a session that is over."""
        for mid in session.mids:
            self.open.pop(mid, None)
        session.mids.clear()

    def of(self, session: Session) -> list[tuple[bytes, int]]:
        """Return (MID, recipients) of the open messages of ``session``."""
        found = ((mid, self.open.get(mid)) for mid in session.mids)
        return sorted((mid, open_.recipients) for mid, open_ in found if open_)

    def restore(self, saved: Iterable[tuple[bytes, Session, int]]) -> None:
        """Take up (MID, session, recipients) of open messages."""
        for mid, session, recipients in saved:
            self.open[mid] = _Message(session, recipients)
            session.mids.add(mid)

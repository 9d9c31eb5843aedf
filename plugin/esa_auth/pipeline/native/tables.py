"""The tables of an appliance while native code has sessions of its own in them.

What is native becomes Python's as soon as Python asks for it.
"""

from collections.abc import Callable
from typing import Any

from esa_auth.model.facts import Instant
from esa_auth.model.session import Session
from esa_auth.sessions import Messages, Table

# What a session of a server counts, in the order of `plugin/native/src/server.rs`.
_COUNTS = (
    "attempts",
    "failures",
    "delivered",
    "bounced",
    "delayed",
    "connection_errors",
)


class Live(dict[bytes, Session]):
    """Live sessions; one of native code becomes Python's when it is taken."""

    def __init__(self, table: Table, tell: Callable[..., None]) -> None:
        """``tell`` gets a session and what native code tells of it."""
        super().__init__(table.live)
        self._table, self._tell = table, tell

    def get(self, number: bytes, default: Any = None) -> Any:
        """Return the session of ``number``."""
        found = super().get(number, default)
        if found is None or isinstance(found, Session):
            return found
        session = self[number] = self._session(number, found)
        return session

    def pop(self, number: bytes, default: Any = None) -> Any:
        """Remove and return the session of ``number``."""
        found = super().pop(number, default)
        if found is None or isinstance(found, Session):
            return found
        return self._session(number, found)

    def _session(self, number: bytes, plain: Any) -> Session:
        kept, *told = plain.told()
        session = self._table.unfolded(number, kept)
        # What is not changed stands on the class, and is not saved.
        session.conflict = False
        self._tell(session, *told)
        return session


def live_clients(table: Table, messages: Messages) -> Live:
    """Return the live sessions of clients, whose open messages are in ``messages``."""

    def tell(
        session: Session,
        last: Instant,
        first_id: str,
        counts: tuple[int, ...],
        users: list[str],
        success: str | None,
        mids: list[tuple[bytes, int]],
    ) -> None:
        session.last = last
        session.users = dict.fromkeys(users)
        sequence, session.attempts, failures, received, recipients = counts
        if failures:
            session.failures = failures
        if received:
            session.messages, session.recipients = received, recipients
        messages.restore((mid, session, count) for mid, count in mids)
        if success is not None:
            session.last_success = success
        session.first_event_id, session.sequence = first_id, sequence

    return Live(table, tell)


def live_servers(table: Table) -> Live:
    """Return the live sessions at other servers."""

    def tell(
        session: Session,
        last: Instant,
        first_id: str,
        sequence: int,
        counts: tuple[int, ...],
        bounce: Any,
    ) -> None:
        session.last, session.sequence = last, sequence
        session.first_event_id = first_id
        for name, count in zip(_COUNTS, counts, strict=True):
            if count:
                setattr(session, name, count)
        if bounce is not None:
            session.bounce = bounce.key

    return Live(table, tell)


class Open(dict[bytes, Any]):
    """Open messages; of those of native code, the number of the session stands here.

    When one is asked for, its session becomes Python's, and it with that.
    """

    def __init__(self, messages: Messages, live: Live) -> None:
        super().__init__(messages.open)
        self._live = live

    def get(self, mid: bytes, default: Any = None) -> Any:
        """Return the message ``mid``."""
        found = super().get(mid, default)
        if type(found) is bytes:
            self._live.get(found)
            found = super().get(mid, default)
        return found

    def pop(self, mid: bytes, default: Any = None) -> Any:
        """Remove and return the message ``mid``."""
        self.get(mid)
        return super().pop(mid, default)

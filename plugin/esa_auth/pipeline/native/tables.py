"""The tables of an appliance while native code has sessions of its own in them.

What is native becomes Python's as soon as Python asks for it.
"""

from typing import TYPE_CHECKING, Any

from esa_auth.model.session import Session
from esa_auth.sessions import Messages, Table

if TYPE_CHECKING:
    from esa_auth import _native


class Live(dict[bytes, Session]):
    """Live sessions; one of native code becomes Python's when it is taken."""

    def __init__(self, table: Table, messages: Messages) -> None:
        super().__init__(table.live)
        self._table, self._messages = table, messages

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

    def _session(self, number: bytes, plain: "_native.Plain") -> Session:
        kept, last, first_id, counts, users, success, mids = plain.told()
        session = self._table.unfolded(number, kept)
        # What is not changed stands on the class, and is not saved.
        session.conflict = False
        session.last = last
        session.users = dict.fromkeys(users)
        sequence, session.attempts, failures, received, recipients = counts
        if failures:
            session.failures = failures
        if received:
            session.messages, session.recipients = received, recipients
        self._messages.restore((mid, session, count) for mid, count in mids)
        if success is not None:
            session.last_success = success
        session.first_event_id, session.sequence = first_id, sequence
        return session


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

"""Tables that note what was changed in them, or handed out to be changed."""

from typing import Any, TypeVar

from esa_auth.model.session import Session
from esa_auth.pipeline.waiting import Waiting
from esa_auth.sessions import Messages

Value = TypeVar("Value")


class Watched(dict[bytes, Value]):
    """A dict whose touched and added keys can be taken.

    Only what `sessions` and `pipeline` call is watched: set, delete, pop, get, [] and
    clear. A value that was read counts as touched, for it may be changed in place.
    """

    def __init__(self, items: dict[bytes, Value]) -> None:
        super().__init__(items)
        self._touched = set(items)
        # A dict for its order: that of the keys that were added, the latest last.
        self._added = dict.fromkeys(items)

    def take(self) -> tuple[list[bytes], list[bytes]]:
        """Return the keys touched, and of those added the ones that are still there."""
        touched, added = self._touched, self._added
        self._touched, self._added = set(), {}
        return sorted(touched), [key for key in added if key in self]

    def touch(self, key: bytes) -> None:
        """Note that the value of ``key`` changes in place."""
        self._touched.add(key)

    def __setitem__(self, key: bytes, value: Value) -> None:
        """Set and note it."""
        self._touched.add(key)
        if key not in self:
            self._added.pop(key, None)
            self._added[key] = None
        super().__setitem__(key, value)

    def __delitem__(self, key: bytes) -> None:
        """Delete and note it."""
        self._touched.add(key)
        super().__delitem__(key)

    def __getitem__(self, key: bytes) -> Value:
        """Get and note it."""
        self._touched.add(key)
        return super().__getitem__(key)

    def get(self, key: bytes, default: Any = None, /) -> Any:
        """Get and note it."""
        self._touched.add(key)
        return super().get(key, default)

    def pop(self, key: bytes, *default: Any) -> Any:
        """Take out and note it."""
        self._touched.add(key)
        return super().pop(key, *default)

    def clear(self) -> None:
        """Take all out and note them."""
        self._touched.update(self)
        super().clear()


class WatchedMessages(Messages):
    """Messages whose end touches their session, which no one looks up for it."""

    __slots__ = ("_live",)

    def __init__(self, messages: Messages, live: Watched[Any]) -> None:
        """Take the place of ``messages``; ``live`` are the inbound sessions."""
        self._open = messages._open
        self._live = live

    def ready(self, mid: bytes) -> None:
        """As `Messages.ready`."""
        self._touch(mid)
        super().ready(mid)

    def aborted(self, mid: bytes) -> None:
        """As `Messages.aborted`."""
        self._touch(mid)
        super().aborted(mid)

    def _touch(self, mid: bytes) -> None:
        session = self.session_of(mid)
        if session is not None:
            self._live.touch(session.number.encode())


class WatchedWaiting(Waiting):
    """Held events, whose release touches their session: it counts its events."""

    __slots__ = ("_live",)

    def __init__(self, waiting: Waiting, live: dict[str, Watched[Session]]) -> None:
        """Take the place of ``waiting``, which is empty or to be written anew."""
        super().__init__()
        self._live = live
        for held in waiting.take_all():
            self.add(held)

    def touched(self, session: Session) -> None:
        """As `Waiting.touched`."""
        self._live[session.side].touch(session.number.encode())

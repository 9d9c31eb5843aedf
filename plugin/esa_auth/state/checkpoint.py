"""The checkpoint of a command, as plain data: saved when it is due, loaded at start."""

import logging
import time
from collections.abc import Callable
from typing import Any

import msgpack

from esa_auth.errors import TemporaryError
from esa_auth.retry import Retry, Words
from esa_auth.state.directory import StateDirectory
from esa_auth.state.packing import packed, unpacked

# A save costs some syncs and a copy of the session table: at most a twentieth of the
# time goes into it, however large the table is.
_SHARE = 20.0
# The first save waits for so much of that, each next one four times as long: a start
# that is killed within a second must have advanced.
_FIRST_PART = 1 / 1024
_RETRY_SECONDS = 1.0
_WORDS = Words("{why}; waiting", "the checkpoint is saved again", "{why}")

_log = logging.getLogger("esa_auth")


class CheckpointStore:
    """A checkpoint as plain data: maps, lists, text, bytes, numbers and `Rows`."""

    def __init__(self, directory: StateDirectory, seconds: float) -> None:
        """Use an open directory; save every ``seconds`` at most, sooner at first."""
        self._directory = directory
        self._seconds = seconds
        self._part = _FIRST_PART
        self._next = time.monotonic() + seconds * self._part
        self._failing = False
        self._tidied = False
        self.lost = False
        """`load` found that something was kept, and that it cannot be read."""

    def load(self) -> dict[str, Any]:
        """Return what was kept, empty if there is nothing that can be read.

        Raises:
            StateVersionError, ConfigError, TemporaryError: as `StateDirectory.load`.
        """
        found = self._directory.find()
        self.lost = self._directory.lost
        if found is None:
            return {}
        try:
            with found.file as file:
                saved = unpacked(file, found.length)
        except (ValueError, TypeError, OSError, msgpack.UnpackException) as error:
            _log.warning(
                "the saved state cannot be read (%s): starting without it", error
            )
            saved = None
        self.lost = not isinstance(saved, dict)
        return saved if isinstance(saved, dict) else {}

    def due(self) -> bool:
        """Return whether the last save is long enough ago."""
        return time.monotonic() >= self._next

    def left(self) -> float:
        """Return the seconds until it is `due`."""
        return max(0.0, self._next - time.monotonic())

    def save(self, what: dict[str, Any]) -> None:
        """Save, durably.

        Raises:
            TemporaryError: as `StateDirectory.save`.
        """
        begun = time.monotonic()
        self._directory.write(packed(what))
        self._tidy(what.get("journal"))
        ended = time.monotonic()
        self._next = ended + self._part * max(self._seconds, (ended - begun) * _SHARE)
        self._part = min(1.0, self._part * 4)

    def _tidy(self, journal: Any) -> None:
        """Remove journals that no checkpoint names any more, once.

        A command that reads none leaves one behind, full of lines with names in them.
        """
        if not self._tidied and isinstance(journal, int):
            self._tidied = True
            self._directory.remove_before("journal", journal)

    def try_save(self, what: dict[str, Any]) -> bool:
        """Save if that can be done now; else say so, and be due again soon."""
        begun = time.monotonic()
        try:
            self.save(what)
        except TemporaryError as error:
            if not self._failing:
                _log.warning("%s; going on without", error)
            ended = time.monotonic()
            self._next = ended + max(_RETRY_SECONDS, (ended - begun) * _SHARE)
            self._failing = True
            return False
        if self._failing:
            _log.warning("the checkpoint is saved again")
        self._failing = False
        return True

    def save_with_retry(self, what: dict[str, Any], stop: Callable[[], bool]) -> None:
        """Save, again and again until it works; no line may be read before.

        Raises:
            TemporaryError: it does not work and ``stop`` says that it is enough.
        """
        retry = Retry("", stop, words=_WORDS)
        while True:
            try:
                self.save(what)
            except TemporaryError as error:
                retry.failed(str(error))
            else:
                retry.worked()
                return

"""Waiting while something cannot be written: nothing is lost, and it is said once."""

import errno
import logging
import time
from collections.abc import Callable

from esa_auth.errors import TemporaryError

FIRST_PAUSE = 0.1
# Writing goes on within this of the moment when there is space again.
LONGEST_PAUSE = 2.0

_log = logging.getLogger("esa_auth")


class Patience:
    """The pauses between the tries of one thing that is written."""

    def __init__(
        self,
        what: str,
        sleep: Callable[[float], None] = time.sleep,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """``what`` is for the log; ``stopped`` says that there is no more waiting."""
        self._what = what
        self._sleep = sleep
        self._stopped = stopped
        self._pause = FIRST_PAUSE
        self._failing: int | None = None
        self.tries = 0

    def failed(self, error: OSError) -> None:
        """Wait before the next try.

        Raises:
            TemporaryError: there is no more waiting.
        """
        why = error.strerror or str(error)
        if error.errno != self._failing:
            _log.warning("%s: %s: waiting until it can be written", self._what, why)
            self._failing = error.errno or errno.EIO
        if self._stopped():
            raise TemporaryError(f"{self._what}: {why}") from error
        self.tries += 1
        self._sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def worked(self) -> None:
        """Note that it was written."""
        if self._failing is not None:
            _log.warning("%s: written again after %d tries", self._what, self.tries)
            self._failing, self._pause, self.tries = None, FIRST_PAUSE, 0

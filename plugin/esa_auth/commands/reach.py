"""What `tail` says of what it follows."""

import logging

from esa_auth.commands.counted import counted
from esa_auth.inputs.follow import Follower

# Between two files of a rotation nothing may have the name for a moment.
_POLLS_BEFORE_A_WARNING = 10
_log = logging.getLogger("esa_auth")


class Reach:
    """Says once which patterns name no file, and when there is one."""

    def __init__(self, follower: Follower) -> None:
        """Say what is followed from the start."""
        self._follower = follower
        files, logs = follower.followed()
        _log.info("following %s of %s", counted(files, "file"), counted(logs, "log"))
        self._missing = dict.fromkeys(follower.unmatched, _POLLS_BEFORE_A_WARNING)
        for pattern in sorted(self._missing):
            _log.warning("%s: no such file yet; waiting for it", pattern)

    def polled(self) -> None:
        """Say what has changed."""
        if not self._missing and not self._follower.unmatched:
            return
        for pattern in sorted(self._missing.keys() - self._follower.unmatched):
            if self._missing.pop(pattern) >= _POLLS_BEFORE_A_WARNING:
                _log.info("%s: there is a file now", pattern)
        for pattern in sorted(self._follower.unmatched):
            polls = self._missing[pattern] = self._missing.get(pattern, 0) + 1
            if polls == _POLLS_BEFORE_A_WARNING:
                _log.warning("%s: no such file any more; waiting for it", pattern)

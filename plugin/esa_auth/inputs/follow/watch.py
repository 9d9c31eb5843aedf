"""Waiting for a change, by inotify where there is one.

inotify_simple: the one binding that starts no thread and is waited for like any other
descriptor. Without it, or when the kernel has no watches left, `Watcher.wait` sleeps.
Events only say that it is time to look; what has changed is seen by looking.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

try:
    import inotify_simple
except ImportError:
    inotify_simple = None

# Network file systems report no events for what other hosts write, and a file that was
# moved out of the directory reports none either.
_LOOK_AT_LEAST_EVERY_SECONDS = 1.0
# The numbers of linux/inotify.h: modify, moved from and to, create, delete, and the
# directory itself deleted or moved. Nothing that reading causes.
_EVENTS = 0x2 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
_log = logging.getLogger(__name__)


class Watcher:
    """Watches directories, their files included."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._watches: dict[str, int] = {}
        self._inotify = _start()

    def watch(self, directories: Iterable[str]) -> None:
        """Watch these directories and no others; those that cannot be are polled."""
        if self._inotify is None:
            return
        wanted = set(directories)
        for gone in self._watches.keys() - wanted:
            with suppress(OSError):
                self._inotify.rm_watch(self._watches.pop(gone))
        for directory in wanted:
            # Again for known ones: the name may be another directory's by now.
            try:
                watch = self._inotify.add_watch(directory, _EVENTS)
            except OSError as error:
                if self._watches.pop(directory, None) is not None:
                    _log.info("%s is not watched: %s", directory, error)
                continue
            self._watches[directory] = watch

    def wait(self, timeout: float) -> bool:
        """Wait for a change; return whether there was one.

        Args:
            timeout: Seconds to wait at most; it may be less.
        """
        timeout = max(0.0, min(timeout, _LOOK_AT_LEAST_EVERY_SECONDS))
        if self._inotify is not None:
            try:
                return bool(self._inotify.read(timeout=math.ceil(timeout * 1000)))
            except OSError as error:
                _log.warning("inotify: %s; looking every second instead", error)
                self.close()
        self._sleep(timeout)
        return False

    def close(self) -> None:
        """Stop watching. Safe to call twice."""
        if self._inotify is not None:
            with suppress(OSError):
                self._inotify.close()
            self._inotify = None


def _start() -> Any:
    if inotify_simple is None:
        return None
    try:
        return inotify_simple.INotify()
    except OSError as error:
        _log.info("no inotify, looking every second instead: %s", error)
        return None

"""One process at a time: an exclusive flock that dies with its holder."""

import errno
import fcntl
import json
import logging
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from esa_auth.errors import ConfigError, StateLockedError, TemporaryError
from esa_auth.state import trusted

_LOCK = "lock"
# Between taking the lock and writing its name a new holder needs microseconds.
_TRIES, _PAUSE_SECONDS = 20, 0.01
_log = logging.getLogger(__name__)


def take(directory: int, path: Path) -> int:
    """Return the descriptor whose life is the lock's life.

    The kernel drops the lock when the last copy of the descriptor closes, so it is
    free after ``kill -9`` too; a forked child would keep it, a started program not.

    Args:
        directory: Descriptor of the state directory.
        path: Its path, for the text of an error only.

    Raises:
        StateLockedError: another process holds it; the text names its pid.
        ConfigError: the lock file cannot be trusted, or the file system has no locks.
        TemporaryError: somebody removes the lock file each time that it is made.
    """
    for _ in range(_TRIES):
        descriptor = trusted.open_file(_LOCK, os.O_RDWR | os.O_CREAT, directory, path)
        try:
            _flock(descriptor, path)
            if _is_still_the_file(descriptor, directory):
                _sign(descriptor, path)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise TemporaryError(
        f"state directory {path}: its lock file goes as soon as it is made"
    )


def release(descriptor: int) -> None:
    """Let go of the lock, and of the note, which would name us to the next loser."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
    os.close(descriptor)


def _flock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _holder(descriptor)
        raise StateLockedError(f"state directory {path} is held by {holder}") from error
    except OSError as error:
        raise ConfigError(
            f"state directory {path}: the file system cannot lock: {error.strerror}"
        ) from error


def _is_still_the_file(descriptor: int, directory: int) -> bool:
    """Say whether the locked file is the one that others will open by its name."""
    try:
        named = os.stat(_LOCK, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(descriptor))


def _sign(descriptor: int, path: Path) -> None:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    text = json.dumps({"pid": os.getpid(), "started": started}) + "\n"
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
    except OSError as error:
        # The lock holds all the same; a full disk must not keep us from starting.
        _log.warning("%s: the lock's holder is not noted: %s", path, error.strerror)


def _holder(descriptor: int) -> str:
    """Return what the lock file says of its holder, waiting for a fresh one to sign."""
    known = "another process, which has not noted its pid"
    for _ in range(_TRIES):
        try:
            note = json.loads(os.pread(descriptor, 4096, 0))
            pid, started = int(note["pid"]), str(note["started"])
        except (ValueError, TypeError, KeyError):
            time.sleep(_PAUSE_SECONDS)
            continue
        known = f"process {pid}, started {started}"
        if _is_alive(pid):
            break
        # Signed by a holder that is gone; the new one has not signed yet.
        time.sleep(_PAUSE_SECONDS)
    return known


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError) as error:
        return getattr(error, "errno", None) == errno.EPERM
    return True

"""Bytes -> a file descriptor, whole or not at all."""

import errno
import logging
import os
import select
import time
from collections.abc import Callable

from esa_auth.errors import OutputGoneError, TemporaryError

# What may pass when somebody makes room.
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))
_RETRY_SECONDS = 1.0

_log = logging.getLogger("esa_auth")


def write_all(
    descriptor: int, data: bytes, stop: Callable[[], bool] = lambda: False
) -> None:
    """Write all of ``data``, waiting for the reader, and for room on a full disk.

    Raises:
        OutputGoneError: the reader is gone.
        TemporaryError: the device refused, or it is full and ``stop`` says enough.
    """
    view = memoryview(data)
    told = False
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except BrokenPipeError as error:
            raise OutputGoneError("the reader of our output is gone") from error
        except OSError as error:
            if error.errno not in _FULL or stop():
                raise TemporaryError(f"output: {error.strerror}") from error
            if not told:
                _log.warning("output: %s; waiting", error.strerror)
            told = True
            time.sleep(_RETRY_SECONDS)

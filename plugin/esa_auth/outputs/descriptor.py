"""Bytes -> a file descriptor, whole or not at all."""

import os
import select

from esa_auth.errors import OutputGoneError, TemporaryError


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, waiting for the reader.

    Raises:
        OutputGoneError: the reader is gone.
        TemporaryError: the device refused (no space, I/O error).
    """
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except BrokenPipeError as error:
            raise OutputGoneError("the reader of our output is gone") from error
        except OSError as error:
            raise TemporaryError(f"output: {error.strerror}") from error

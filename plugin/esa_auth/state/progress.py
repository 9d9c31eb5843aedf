"""How far `convert` is, in one small file that is whole at any moment."""

import os
from contextlib import suppress
from typing import Any

import msgpack

from esa_auth.errors import StateVersionError
from esa_auth.state.generation import (
    VERSION,
    DamagedError,
    Generation,
    decode,
    header,
)


class ProgressFile:
    """Plain data under a path, replaced as a whole."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._sequence = 0

    def load(self) -> Any | None:
        """Return what was saved, None if there is nothing.

        Raises:
            DamagedError: the file is not what `save` writes.
            StateVersionError: a newer version wrote it.
            OSError: it cannot be read.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:
            generation = decode(file.read())
        if generation.version > VERSION:
            raise StateVersionError(f"{self.path}: of a newer version of esa-auth")
        self._sequence = generation.sequence
        try:
            return msgpack.unpackb(generation.payload, strict_map_key=False)
        except (ValueError, TypeError, msgpack.UnpackException) as error:
            raise DamagedError(str(error)) from error

    def save(self, content: Any) -> None:
        """Replace what is there, durably.

        Raises:
            OSError: it cannot be written; what was there is there still.
        """
        self._sequence += 1
        generation = Generation(self._sequence, msgpack.packb(content))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        new = self.path + ".tmp"
        with suppress(FileNotFoundError):
            os.unlink(new)
        descriptor = os.open(new, flags, 0o600)
        with open(descriptor, "wb") as file:
            file.write(header(generation) + generation.payload)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, self.path)
        self._sync_folder()

    def remove(self) -> None:
        """Take the file away, it is not needed any more."""
        for path in (self.path, self.path + ".tmp"):
            with suppress(FileNotFoundError):
                os.unlink(path)

    def _sync_folder(self) -> None:
        folder = os.open(os.path.dirname(self.path) or ".", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

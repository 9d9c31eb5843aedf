"""A pipeline's memory in the state directory, between two starts of `filter`."""

import logging
import time
from typing import Any, Protocol

import msgpack

from esa_auth.state.directory import StateDirectory

# A crash costs the context of the sessions opened since; a save costs a sync.
SECONDS_BETWEEN = 30.0

_log = logging.getLogger("esa_auth")


class Rememberer(Protocol):
    """What has a memory: the pipeline."""

    def snapshot(self) -> dict[str, Any]:
        """Return the memory as plain data."""

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up a memory."""


class Memory:
    """Keeps open sessions while no process runs."""

    def __init__(self, directory: StateDirectory) -> None:
        """Use a directory that is open and locked."""
        self._directory = directory
        self._next = time.monotonic() + SECONDS_BETWEEN

    def recall(self, pipeline: Rememberer) -> None:
        """Give ``pipeline``, which is new, what was kept.

        Raises:
            StateVersionError, ConfigError, TemporaryError: as `StateDirectory.load`.
        """
        payload = self._directory.load()
        if payload is None:
            return
        try:
            pipeline.restore(msgpack.unpackb(payload, strict_map_key=False))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            _log.warning("the saved sessions cannot be read (%s): starting anew", error)

    def keep(self, pipeline: Rememberer) -> None:
        """Save the memory of ``pipeline``, durably.

        Raises:
            TemporaryError: as `StateDirectory.save`.
        """
        self._directory.save(msgpack.packb(pipeline.snapshot()))
        self._next = time.monotonic() + SECONDS_BETWEEN

    def keep_now_and_then(self, pipeline: Rememberer) -> None:
        """Save if the last time is long enough ago."""
        if time.monotonic() >= self._next:
            self.keep(pipeline)

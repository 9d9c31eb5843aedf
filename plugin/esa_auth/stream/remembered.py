"""The pipeline of one key, whose memory lies in the engine's state for that key."""

from collections.abc import Iterator
from typing import Any

import msgpack

from esa_auth.errors import ConfigError, StateVersionError
from esa_auth.pipeline import Pipeline
from esa_auth.pipeline.ledger import Ledger
from esa_auth.stream.cells import Cells, Store

# Raised when entries are written that this version could not read.
_VERSION = 1
_INDEX = "index"


class Remembered:
    """A pipeline, and what of it was written."""

    def __init__(self, pipeline: Pipeline, store: Store) -> None:
        """Take up what ``store`` has of it; ``pipeline`` is new.

        Raises:
            StateVersionError: a newer version, or something else, wrote it.
            ConfigError: it was written with other settings of privacy.
        """
        self.pipeline = pipeline
        veil = pipeline.settings.veil
        # Only with privacy on: a version without it cannot read such a state.
        self._about = [] if veil is None else [veil.about]
        self._cells = Cells()
        self._ledgers: dict[str, Ledger] = {}
        self._index = self._cells.read(store, _INDEX) or b""
        if not self._index:
            return
        try:
            self._restore(store)
        except (ValueError, TypeError, LookupError) as error:
            raise StateVersionError(f"the state of a key is none: {error}") from error

    def _restore(self, store: Store) -> None:
        version, until_look, names, *about = msgpack.unpackb(self._index)
        if version != _VERSION:
            raise StateVersionError(f"the state of a key is of version {version}")
        if about != self._about:
            raise ConfigError(
                "privacy: the state of this stream.group was written with other"
                " settings; begin with another group"
            )
        for number, name in enumerate(names, 1):
            self._ledger(name).restore(self._reader(store, number))
        self.pipeline.registry.sweep_after(until_look)
        self.pipeline.resume()

    def write(self, store: Store) -> None:
        """Write to ``store`` what changed since the last call."""
        for name, value in self._changes():
            self._cells.write(store, name, value)

    def _changes(self) -> Iterator[tuple[str, bytes | None]]:
        # An appliance that a line named for the first time is all change.
        for name in self.pipeline.registry.appliances:
            if name not in self._ledgers:
                self._ledger(name)
        for number, ledger in enumerate(self._ledgers.values(), 1):
            for name, value in ledger.changes():
                yield f"{number}.{name}", value
        until_look = self.pipeline.registry.until_look
        names = list(self._ledgers)
        index: bytes = msgpack.packb([_VERSION, until_look, names, *self._about])
        if index != self._index:
            self._index = index
            yield _INDEX, index

    def _ledger(self, name: str) -> Ledger:
        ledger = Ledger(self.pipeline.registry.named(name))
        self._ledgers[name] = ledger
        return ledger

    def _reader(self, store: Store, number: int) -> Any:
        return lambda name: self._cells.read(store, f"{number}.{name}")

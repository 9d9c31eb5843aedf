"""The pipeline of one key, whose state lies in the engine's store for that key."""

from collections.abc import Iterator
from typing import Any

from esa_auth.errors import ConfigError, StateVersionError
from esa_auth.fields import reader
from esa_auth.pipeline import Pipeline
from esa_auth.pipeline.appliance import looks_in
from esa_auth.pipeline.entries import packed
from esa_auth.pipeline.ledger import Ledger, Read
from esa_auth.pipeline.loading import unpacked
from esa_auth.pipeline.snapshot import OtherPrivacyError, about, check
from esa_auth.stream.split import SplitValues, Store

# The entry that names the appliances of a key, by which theirs are numbered.
_INDEX = "index"


class StatefulPipeline:
    """A pipeline, and what of it was written to a store."""

    def __init__(self, pipeline: Pipeline, store: Store) -> None:
        """Fill ``pipeline``, which is new, from what ``store`` has of it.

        Raises:
            StateVersionError: a newer version, or something else, wrote it.
            ConfigError: it was written with other settings of privacy.
        """
        self.pipeline = pipeline
        self._pseudonymizer = pipeline.settings.pseudonymizer
        self._values = SplitValues()
        self._ledgers: dict[str, Ledger] = {}
        self._index = self._values.read(store, _INDEX) or b""
        if not self._index:
            return
        try:
            self._restore(store)
        except OtherPrivacyError as error:
            raise ConfigError(
                "privacy: the state of this stream.group was written with other"
                " settings; begin with another group"
            ) from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise StateVersionError(
                f"the state of a key cannot be read: {error}"
            ) from error

    def write(self, store: Store) -> None:
        """Write to ``store`` what changed since the last call."""
        for name, value in self._changes():
            self._values.write(store, name, value)

    def _restore(self, store: Store) -> None:
        index = _by_name(unpacked(self._index))
        version = check(index, self._pseudonymizer)
        names = reader(tuple[str, ...])(index["appliances"])
        for number, name in enumerate(names, 1):
            self._ledger(name).restore(self._reader(store, number), version)
        registry = self.pipeline.registry
        saved_look = reader(int)(index["until_look"])
        registry.until_look = looks_in(saved_look, registry.settings.look_every)
        self.pipeline.resume()

    def _changes(self) -> Iterator[tuple[str, bytes | None]]:
        # An appliance that a line named for the first time is all change.
        for name in self.pipeline.registry.appliances:
            if name not in self._ledgers:
                self._ledger(name)
        for number, ledger in enumerate(self._ledgers.values(), 1):
            for name, value in ledger.changes():
                yield f"{number}.{name}", value
        known = about(self.pipeline.registry, self._pseudonymizer)
        index = packed({**known, "appliances": list(self._ledgers)})
        if index != self._index:
            self._index = index
            yield _INDEX, index

    def _ledger(self, name: str) -> Ledger:
        ledger = Ledger(self.pipeline.registry.named(name))
        self._ledgers[name] = ledger
        return ledger

    def _reader(self, store: Store, number: int) -> Read:
        return lambda name: self._values.read(store, f"{number}.{name}")


def _by_name(index: Any) -> dict[str, Any]:
    """Return an index; in format 1 it was a list."""
    if isinstance(index, dict):
        return index
    version, until_look, names, *privacy = index
    if version != 1:
        raise ValueError(f"a list of format {version}")
    found = {"version": version, "until_look": until_look, "appliances": names}
    return found | ({"privacy": privacy[0]} if privacy else {})

"""Which files are kept open, so that they can be read when their names are gone."""

from collections.abc import Iterable

from esa_auth.inputs.follow.counters import Counters
from esa_auth.inputs.follow.followed import Followed
from esa_auth.inputs.follow.registry import Registry

_HELD_OPEN = 64


class Descriptors:
    """Opens what is to be read, and closes what has been quiet for longest."""

    def __init__(self, registry: Registry, counters: Counters) -> None:
        self._registry, self._counters = registry, counters

    def hold(self, logs: Iterable[list[Followed]]) -> None:
        """Open what is to be read, so that it can be removed before its turn comes."""
        held = self.count()
        for files in logs:
            for file in files:
                if file.source is None and file.unread and held < _HELD_OPEN:
                    held += self._opened(file)

    def let_go(self) -> None:
        """Close the files that have been quiet for longest if too many are open.

        With a directory for each day there is a last file in each.
        """
        excess = self.count() - _HELD_OPEN
        if excess > 0:
            idle = [
                file
                for file in self._registry.files.values()
                if file.source is not None and not file.changed and not file.pathless
            ]
            for file in sorted(idle, key=lambda file: file.quiet_since)[:excess]:
                file.close()
            self.count()

    def close(self) -> None:
        """Close all. Safe to call twice."""
        for file in self._registry.files.values():
            file.close()
        self.count()

    def count(self) -> int:
        """Count those that are open, for the metrics, too."""
        files = self._registry.files.values()
        self._counters.files_open = sum(file.source is not None for file in files)
        return self._counters.files_open

    def _opened(self, file: Followed) -> bool:
        try:
            file.open()
        except OSError as error:
            self._registry.complain(error, file.path)
            return False
        return True

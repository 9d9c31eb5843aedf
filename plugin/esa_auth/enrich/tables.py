"""The files that enrichers look things up in: opened, watched, put in place."""

import hashlib
import time
from collections.abc import Callable, Mapping

from esa_auth.enrich import Table, directory, geo, zones
from esa_auth.enrich.enrichment import Enrichment
from esa_auth.enrich.files import WatchedFile

SECONDS_BETWEEN_LOOKS = 5.0
_MIB = 1 << 20


class Tables:
    """All tables of a command, by the keys that name their files."""

    def __init__(
        self, paths: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read them; what cannot be read is said, and looked for again.

        Raises:
            ModuleNotFoundError: a table needs a package that is not installed.
        """
        self.files = [_watched(name, path) for name, path in paths.items()]
        self.enrichment = Enrichment([file.enricher for file in self.files])
        self._clock = clock
        self._next_look = 0.0
        self.refresh()

    @property
    def digest(self) -> bytes:
        """Tell these tables from others."""
        whole = b"".join(file.digest.ljust(16, b"\0") for file in self.files)
        return hashlib.blake2b(whole, digest_size=16).digest()

    def refresh(self) -> None:
        """Look at the files, if that was not done just now."""
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + SECONDS_BETWEEN_LOOKS
            # All of them, not up to the first that changed.
            changed = sum(file.look() for file in self.files)
            if changed:
                self.enrichment.forget()


def _watched(name: str, path: str) -> WatchedFile:
    match name:
        case "geo.file":
            file = WatchedFile(path, geo.Geo(), _mmdb(geo.location), 1024 * _MIB)
        case "geo.asn_file":
            file = WatchedFile(path, geo.Geo(), _mmdb(geo.system), 1024 * _MIB)
        case "zones.file":
            file = WatchedFile(path, zones.Zones(), zones.parse, 16 * _MIB)
        case _:
            reader = directory.Directory()
            file = WatchedFile(path, reader, directory.parse, 128 * _MIB)
    file.name = name
    return file


def _mmdb(describe: geo.Describe) -> Callable[[bytes], Table]:
    # Here, because it comes with an extra, and the other tables do without it. Not in
    # what is returned: a program that runs is not to find out that it is missing.
    from esa_auth.enrich.mmdb import open_mmdb

    return lambda data: geo.table(open_mmdb(data), describe)

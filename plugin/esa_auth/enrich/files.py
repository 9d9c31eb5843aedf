"""One file with a table: read when it is another, never when it is as it was."""

import hashlib
import logging
import os
import stat
from collections.abc import Callable

from esa_auth.enrich import Enricher, Table, TableError

_Version = tuple[int, ...]

_log = logging.getLogger("esa_auth")


class WatchedFile:
    """Gives an enricher the table of a file; a bad file leaves it the one it has."""

    def __init__(
        self,
        path: str,
        enricher: Enricher,
        parse: Callable[[bytes], Table],
        most_bytes: int,
    ) -> None:
        self.path, self.enricher = path, enricher
        self._parse, self._most_bytes = parse, most_bytes
        self._seen: _Version | None = None
        self._damage = ""
        # Key in the configuration, for the log and the metrics.
        self.name = ""
        self.failures = 0
        self.failing = False
        # Of the file in use: epoch seconds, and the digest of its bytes.
        self.written: float | None = None
        self.digest = b""

    def look(self) -> bool:
        """Read the file if it changed, or if it could not be read.

        Returns whether the table is another.
        """
        version: _Version | None = None
        try:
            version = _version(os.stat(self.path))
            if version == self._seen:
                self._look_for_damage()
                return False
            self._take(*self._read())
        except OSError as error:
            self._seen = None
            self._failed(error.strerror or str(error))
        except TableError as error:
            self._seen = version
            self._failed(str(error))
        else:
            return True
        return False

    def _read(self) -> tuple[bytes, os.stat_result]:
        # Not to wait for whoever writes to it, should it be a pipe.
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise TableError("no file")
            data = file.read(self._most_bytes + 1)
            if len(data) > self._most_bytes:
                raise TableError(f"larger than {self._most_bytes} bytes")
            if _version(os.fstat(descriptor)) != _version(before):
                raise OSError("it changed while it was read")
        return data, before

    def _take(self, data: bytes, status: os.stat_result) -> None:
        table = self._parse(data)
        self.enricher.table = table
        self._seen, self._damage = _version(status), ""
        self.written, self.failing = status.st_mtime, False
        self.digest = hashlib.blake2b(data, digest_size=16).digest()
        _log.info("enrich.%s: %s: in use", self.name, self.path)

    def _look_for_damage(self) -> None:
        table = self.enricher.table
        if table is not None and table.damage and not self._damage:
            self._damage = table.damage
            self._failed(self._damage)

    def _failed(self, why: str) -> None:
        self.failures += 1
        if not self.failing:
            left = "nothing is added" if self.enricher.table is None else "as before"
            _log.warning("enrich.%s: %s: %s: %s", self.name, self.path, why, left)
        self.failing = True


def _version(status: os.stat_result) -> _Version:
    # The time of change too: a copy may keep the time of modification.
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )

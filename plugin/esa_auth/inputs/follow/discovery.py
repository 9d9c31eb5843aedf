"""Which files there are: those that the patterns name, and their rotated siblings."""

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from esa_auth.inputs.follow.names import LIVE, take_apart
from esa_auth.inputs.follow.placeholder import PLACEHOLDER, appliance_in, widened
from esa_auth.inputs.follow.record import Key

_MAGIC = frozenset("*?[")
# Compressed in ways that are not read here, or an editor's copy.
_NO_LOG = (".bz2", ".xz", ".zst", ".zip", "~")


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there, and what its name says."""

    path: str
    status: os.stat_result
    log: str
    base: str
    rank: int
    stamp: str
    compressed: bool
    #: The pattern that names it; None if it was found beside such a file.
    pattern: str | None
    #: Named by a plain path: the pattern decides which log it belongs to.
    literal: bool = False

    @property
    def key(self) -> Key:
        """Device and inode."""
        return self.status.st_dev, self.status.st_ino


@dataclass(slots=True)
class Look:
    """What one look at the directories has shown.

    Attributes:
        found: By device and inode.
        directories: Those looked into.
        patterns: The patterns by which each log is followed.
        matched: The patterns that name a file which is there.
        appliances: The appliance that a path names, by log.
        failures: Errors; while there are any, what is not found may still be there.
    """

    found: dict[Key, Found] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    patterns: dict[str, set[str]] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)
    appliances: dict[str, str] = field(default_factory=dict)
    failures: list[OSError] = field(default_factory=list)

    @property
    def names(self) -> dict[Key, str]:
        """The path of each file."""
        return {key: found.path for key, found in self.found.items()}


class _Look:
    """One look in the making: a family is a base name in a directory."""

    def __init__(self, known: Mapping[Key, tuple[str, str]]) -> None:
        self.result = Look()
        self._known = known
        self._keys = {key[1]: key for key in known}
        self._families: dict[tuple[str, str], str] = {}

    def follow(self, directory: str, base: str, log: str) -> None:
        self._families.setdefault((directory, base), log)

    def literal(self, pattern: str) -> None:
        """Add the file of a plain path; its log is known even if it is not there."""
        folder, file_name = os.path.split(os.path.abspath(pattern))
        name = take_apart(file_name)
        base = name.base if name.rank == LIVE else file_name
        log = os.path.join(folder, base)
        self.follow(folder, base, log)
        self.result.patterns.setdefault(log, set()).add(pattern)
        real = os.path.realpath(pattern)
        if real != os.path.join(folder, file_name):
            base = self._follow_target(real, log)
        self._add(real, log, base, pattern, literal=True)

    def match(self, path: str, pattern: str) -> None:
        """Add a file that a glob or a directory has named."""
        folder, file_name = os.path.split(os.path.abspath(path))
        name = take_apart(file_name)
        base, rank = name.base, name.rank
        if name.numbered and not self._has_base(folder, base):
            base, rank = file_name, LIVE
        log = self._families.get((folder, base), os.path.join(folder, base))
        self.result.patterns.setdefault(log, set()).add(pattern)
        if appliance := appliance_in(path, pattern):
            self.result.appliances[log] = appliance
        self.follow(folder, base, log)
        real = os.path.realpath(path)
        if real != os.path.join(folder, file_name):
            base = self._follow_target(real, log)
        self._add(real, log, base, pattern, rank=rank)

    def siblings(self) -> None:
        """Add the files beside those found that belong to the same logs."""
        for folder in {folder for folder, _ in self._families}:
            self.result.directories.add(folder)
            for entry in self._list(folder):
                name = take_apart(entry.name)
                log = self._families.get((folder, name.base))
                if log is not None and not entry.is_symlink():
                    # What was written to under the name of a link, and is not now.
                    self._add(entry.path, log, name.base, rank=min(name.rank, 0))
                elif key := self._keys.get(entry.inode()):
                    log, base = self._known[key]
                    self._add(entry.path, log, base, rank=0)

    def without_unfinished_archives(self) -> Look:
        """Return the result without those whose original is still there.

        gzip removes the original when the archive is complete.
        """
        paths = {found.path: found for found in self.result.found.values()}
        for found in list(self.result.found.values()):
            original = paths.get(found.path.removesuffix(".gz"))
            if found.compressed and original is not None and original.rank < LIVE:
                del self.result.found[found.key]
        return self.result

    def _follow_target(self, real: str, log: str) -> str:
        """Follow what a link points to; return the base of its name there."""
        folder, name = os.path.split(real)
        base = take_apart(name).base
        self.follow(folder, base, log)
        return base

    def _has_base(self, folder: str, base: str) -> bool:
        known = (folder, base) in self._families
        return known or os.path.lexists(os.path.join(folder, base))

    def _list(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                yield from sorted(entries, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.result.failures.append(error)

    def _add(
        self,
        path: str,
        log: str,
        base: str,
        pattern: str | None = None,
        *,
        rank: int | None = None,
        literal: bool = False,
    ) -> None:
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.result.failures.append(error)
            return
        if not stat.S_ISREG(status.st_mode):
            return
        if pattern is not None:
            self.result.matched.add(pattern)
        name = take_apart(os.path.basename(path))
        if rank is None:
            rank = LIVE if literal else name.rank
        found = Found(
            path, status, log, base, rank, name.stamp, name.compressed, pattern, literal
        )
        self.result.found.setdefault(found.key, found)


def look(
    patterns: Iterable[str],
    families: Iterable[tuple[str, str, str]],
    known: Mapping[Key, tuple[str, str]],
) -> Look:
    """Return the files that are there now. Never raises for a file or directory.

    Args:
        patterns: Plain paths, globs (``**`` included) and directories, whose visible
            regular files all count. A glob may have a placeholder for the appliance.
        families: Directory, base name and log of the files known so far: where they
            were, there can be more of their log.
        known: Log and base name of each known file, which is found under any name.
    """
    making = _Look(known)
    plain = [pattern for pattern in patterns if not _is_wide(pattern)]
    for pattern in plain:
        making.literal(pattern)
    for folder, base, log in families:
        making.follow(folder, base, log)
    for pattern in patterns:
        if _is_wide(pattern):
            for path in _named_by(pattern):
                making.match(path, pattern)
    making.siblings()
    return making.without_unfinished_archives()


def _is_wide(pattern: str) -> bool:
    if os.path.lexists(pattern):
        return os.path.isdir(pattern)
    return PLACEHOLDER in pattern or not _MAGIC.isdisjoint(pattern)


def _named_by(pattern: str) -> list[str]:
    if os.path.isdir(pattern):
        names = _files_of(pattern)
    else:
        names = sorted(glob.glob(widened(pattern), recursive=True))
        if PLACEHOLDER in pattern:
            folders = [name for name in names if os.path.isdir(name)]
            names += [name for folder in folders for name in _files_of(folder)]
    return [name for name in names if not name.endswith(_NO_LOG)]


def _files_of(folder: str) -> list[str]:
    return sorted(glob.glob(os.path.join(glob.escape(folder), "*")))

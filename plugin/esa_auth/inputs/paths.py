"""What the command line names -> the files that are meant."""

import glob
import os
from collections.abc import Callable, Iterator

from esa_auth.errors import ConfigError


def expand(names: list[str], ours: Callable[[str], bool]) -> list[str]:
    """Return the files of ``names``: files, directories (with all below), globs.

    ``ours`` tells what we write: passed over in a directory, refused by name.

    Raises:
        ConfigError: a name means nothing that can be read.
    """
    paths: list[str] = []
    for name in names:
        found = [name] if os.path.lexists(name) else sorted(glob.glob(name))
        if not found:
            raise ConfigError(f"{name}: no such file")
        for path in found:
            if os.path.isdir(path):
                paths.extend(x for x in _below(path) if not ours(x))
            elif not os.path.isfile(path):
                raise ConfigError(f"{path}: not a regular file")
            elif ours(path):
                raise ConfigError(f"{path}: is read and would be written")
            else:
                paths.append(path)
    return paths


def _below(folder: str) -> Iterator[str]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            path = os.path.join(where, name)
            if not name.startswith(".") and os.path.isfile(path):
                yield path

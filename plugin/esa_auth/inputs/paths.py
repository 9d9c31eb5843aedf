"""What the command line names -> the files that are meant; ``-`` is stdin.

Of stdin a copy is kept as a file, which can be read twice.
"""

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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


STDIN = "-"


@contextmanager
def spooled(names: Sequence[str]) -> Iterator[list[str]]:
    """Give ``names`` with the path of a copy of stdin, made once, in the place of "-".

    The copy is readable for its owner only, and goes with the end of `with`.
    """
    if STDIN not in names:
        yield list(names)
        return
    with tempfile.TemporaryDirectory(prefix="esa-auth-") as folder:
        path = Path(folder, "stdin")
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield [str(path) if name == STDIN else name for name in names]

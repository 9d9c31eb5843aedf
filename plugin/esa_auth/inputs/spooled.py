"""``-`` among the names of files: stdin, kept as a file that can be read twice."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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

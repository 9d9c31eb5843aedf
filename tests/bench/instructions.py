"""``python -m tests.bench.instructions``: machine instructions a line, by valgrind.

Seconds differ from run to run and machine to machine; instructions of one interpreter
do not. The count of a small file is taken from that of a larger one, so that the start
is in neither.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.cases import FLOOR
from tests.bench.corpora import Kind, Spec, write
from tests.process import command

VALGRIND = shutil.which("valgrind")
SIZES: dict[Kind, tuple[int, int]] = {
    "ordinary": (20_000, 60_000),
    "flood": (2_000, 6_000),
    "syslog": (10_000, 20_000),
    "json": (10_000, 20_000),
    "msgpack": (10_000, 20_000),
}


def counted(words: list[str], corpus: Path) -> int:
    """Return the instructions of a run on ``corpus``.

    Raises:
        CalledProcessError: the program failed.
    """
    tool = [str(VALGRIND), "--tool=cachegrind", "--cache-sim=no"]
    with tempfile.TemporaryDirectory() as folder, corpus.open("rb") as stdin:
        ended = subprocess.run(
            [*tool, f"--cachegrind-out-file={folder}/out", *words],
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONHASHSEED": "0"},
            check=True,
        )
    (found,) = re.findall(rb"I +refs: +([\d,]+)", ended.stderr)
    return int(found.replace(b",", b""))


def per_line(words: list[str], kind: Kind, cache: Path) -> float:
    """Return the instructions that one more line of ``kind`` costs."""
    small, large = (write(Spec(kind, size), cache) for size in SIZES[kind])
    more = counted(words, large.path) - counted(words, small.path)
    return more / (large.lines - small.lines)


def measured(cache: Path) -> dict[str, float]:
    """Return instructions a line of every kind, and of the floor."""
    python = sys.executable
    found = {"floor": per_line([python, "-c", FLOOR], "ordinary", cache)}
    ours = [python, "-m", "esa_auth"] if len(command()) > 1 else [python, *command()]
    for kind in SIZES:
        words = [*ours, "filter", "--appliance", "esa01"]
        options = [] if kind in ("ordinary", "flood") else ["--input", kind]
        found[kind] = per_line([*words, *options], kind, cache)
    return found


def main() -> None:
    """Print the counts."""
    with tempfile.TemporaryDirectory() as cache:
        found = measured(Path(cache))
    for kind, count in found.items():
        ratio = count / found["floor"]
        print(f"{kind:10} {count:>10,.0f} a line, {ratio:6.1f} x the floor")


if __name__ == "__main__":
    main()

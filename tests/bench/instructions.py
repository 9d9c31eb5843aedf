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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import forked
from tests.bench.corpora import Kind, Spec, write

VALGRIND = shutil.which("valgrind")
SIZES: dict[Kind, tuple[int, int]] = {
    "ordinary": (10_000, 30_000),
    "quiet": (10_000, 30_000),
    "flood": (2_000, 6_000),
    "syslog": (10_000, 20_000),
    "json": (10_000, 20_000),
    "msgpack": (10_000, 20_000),
}
ROUNDS = (10, 30)
TOLD_KINDS = ("syslog", "json", "msgpack")
_REFS = re.compile(r"==(\d+)== I +refs: +([\d,]+)")


@dataclass(frozen=True, slots=True)
class Work:
    """A run to count: ``words`` on ``corpus``, which is ``units`` of work."""

    name: str
    corpus: Path
    words: tuple[str, ...]
    units: int

    @property
    def order(self) -> str:
        """The line that `forked` reads."""
        return "\t".join((str(self.corpus), *self.words))


def under_valgrind(words: Sequence[str], stdin: bytes) -> tuple[str, dict[str, int]]:
    """Return stdout of ``words``, and the instructions of each process by its id.

    Raises:
        CalledProcessError: the program failed.
    """
    tool = [str(VALGRIND), "--tool=cachegrind", "--cache-sim=no", "--vgdb=no"]
    ended = subprocess.run(
        [*tool, f"--cachegrind-out-file={os.devnull}", *words],
        input=stdin,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        check=True,
    )
    found = _REFS.findall(ended.stderr.decode(errors="replace"))
    counts = {process: int(count.replace(",", "")) for process, count in found}
    return ended.stdout.decode(errors="replace"), counts


def works(cache: Path) -> Iterator[Work]:
    """Give a smaller and a larger run of the reference, the floor and every kind."""
    for rounds in ROUNDS:
        words = (forked.REFERENCE, str(rounds))
        yield Work(forked.REFERENCE, Path(os.devnull), words, rounds)
    for kind, sizes in SIZES.items():
        options = ("--input", kind) if kind in TOLD_KINDS else ()
        words = ("filter", "--appliance", "esa01", *options)
        for size in sizes:
            corpus = write(Spec(kind, size), cache)
            yield Work(kind, corpus.path, words, corpus.lines)
    for size in SIZES["ordinary"]:
        corpus = write(Spec("ordinary", size), cache)
        yield Work(forked.FLOOR, corpus.path, (forked.FLOOR,), corpus.lines)


def measured(cache: Path) -> dict[str, float]:
    """Return the instructions of one more line of every kind, or round of reference.

    Raises:
        CalledProcessError: a run failed.
    """
    todo = list(works(cache))
    orders = "\n".join(work.order for work in todo).encode()
    told, counts = under_valgrind([sys.executable, forked.__file__], orders)
    costs = [counts[process] for process in told.split()]
    return {
        todo[at].name: (costs[at + 1] - costs[at])
        / (todo[at + 1].units - todo[at].units)
        for at in range(0, len(todo), 2)
    }


def main() -> None:
    """Print the counts."""
    with tempfile.TemporaryDirectory() as cache:
        found = measured(Path(cache))
    for name, count in found.items():
        ratio = count / found[forked.FLOOR]
        print(f"{name:10} {count:>10,.0f} a line, {ratio:6.1f} x the floor")


if __name__ == "__main__":
    main()

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
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import forked
from tests.bench.corpora import Kind, Spec, write
from tests.bench.fleet import FLEET_OPTIONS

VALGRIND = shutil.which("valgrind")
ROUNDS = (10, 30)
FLEETS = (1, 100, 1000)
OPENED = (1, 1000, 30_000)
FILTER = ("filter", "--appliance", "esa01")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two corpora that differ in their number of lines alone."""

    name: str
    small: Spec
    large: Spec
    words: tuple[str, ...] = FILTER


def pair(kind: Kind, small: int, large: int, *options: str) -> Pair:
    """Return a pair of this kind of corpus, named after it."""
    return Pair(kind, Spec(kind, small), Spec(kind, large), (*FILTER, *options))


def fleet(appliances: int, small: int, large: int) -> Pair:
    """Return a pair of syslog from so many appliances."""
    return Pair(
        f"fleet {appliances}",
        Spec("fleet", small, appliances=appliances),
        Spec("fleet", large, appliances=appliances),
        ("filter", *FLEET_OPTIONS),
    )


# Native code makes its templates once for each form of a line, so that they hardly
# count in logs of this length.
KINDS = (
    pair("ordinary", 60_000, 120_000),
    pair("quiet", 60_000, 120_000),
    pair("flood", 10_000, 30_000),
    pair("syslog", 60_000, 120_000, "--input", "syslog"),
    pair("json", 20_000, 40_000, "--input", "json"),
    pair("msgpack", 20_000, 40_000, "--input", "msgpack"),
)
# The same in Python alone, whose lines cost the same in a shorter log.
PURE = " pure"
WITHOUT_NATIVE = "ESA_AUTH_NATIVE=0"
PURE_KINDS = tuple(
    replace(each, name=each.name + PURE, words=(WITHOUT_NATIVE, *each.words))
    for each in (
        pair("ordinary", 10_000, 30_000),
        pair("quiet", 10_000, 30_000),
        pair("flood", 2_000, 6_000),
        pair("syslog", 10_000, 20_000, "--input", "syslog"),
        pair("json", 10_000, 20_000, "--input", "json"),
        pair("msgpack", 10_000, 20_000, "--input", "msgpack"),
    )
)
GROWTH = (
    pair("million", 2_000, 6_000),
    *(
        Pair(
            f"open {n}", Spec("million", n, after=5000), Spec("million", n, after=15000)
        )
        for n in OPENED
    ),
    *(fleet(n, 20_000, 40_000) for n in FLEETS),
)
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


def works(cache: Path, pairs: Sequence[Pair]) -> Iterator[Work]:
    """Give a smaller and a larger run of the reference, the floor and each pair."""
    for rounds in ROUNDS:
        words = (forked.REFERENCE, str(rounds))
        yield Work(forked.REFERENCE, Path(os.devnull), words, rounds)
    floor = Pair(forked.FLOOR, KINDS[0].small, KINDS[0].large, (forked.FLOOR,))
    for each in (floor, *pairs):
        for spec in (each.small, each.large):
            corpus = write(spec, cache)
            yield Work(each.name, corpus.path, each.words, corpus.lines)


def measured(
    cache: Path, pairs: Sequence[Pair] = KINDS, python: str = sys.executable
) -> dict[str, float]:
    """Return the instructions of one more line of each pair, or round of reference.

    ``python`` is the interpreter of the esa-auth that is counted.

    Raises:
        CalledProcessError: a run failed.
    """
    todo = list(works(cache, pairs))
    orders = "\n".join(work.order for work in todo).encode()
    told, counts = under_valgrind([python, forked.__file__], orders)
    costs = [counts[process] for process in told.split()]
    return {
        todo[at].name: (costs[at + 1] - costs[at])
        / (todo[at + 1].units - todo[at].units)
        for at in range(0, len(todo), 2)
    }


def main() -> None:
    """Print the counts."""
    with tempfile.TemporaryDirectory() as cache:
        found = measured(Path(cache), (*KINDS, *PURE_KINDS, *GROWTH))
    for name, count in found.items():
        ratio = count / found[forked.FLOOR]
        print(f"{name:13} {count:>10,.0f} a line, {ratio:6.1f} x the floor")


if __name__ == "__main__":
    main()

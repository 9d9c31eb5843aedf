"""``python -m tests.bench.gate``: has a line become dearer? In instructions, not time.

A figure is the instructions of one more line, divided by those of one round of a
reference loop counted in the same run: so it hardly depends on how the interpreter
was built. With ``--update`` the figures of today are written to ``gate.json``, which
a change that means to cost, or to save, something has to do.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from esa_auth.pipeline.native import IS_BUILT
from tests.bench.forked import FLOOR, REFERENCE
from tests.bench.instructions import KINDS, PURE_KINDS, Pair, measured

FIGURES = Path(__file__).with_name("gate.json")
# Counted again on one machine, in other folders, environments and under load, a figure
# was the same to 0.4 %; with the Python 3.11 of Debian instead of pyenv, to 3.5 %.
# One regular expression more for each line made `quiet` 27 % dearer.
TOLERANCE = 0.05
LIBRARIES = ("jsonschema-rs", "msgpack", "orjson")


@dataclass(frozen=True, slots=True)
class Figures:
    """Thousandths of a round of the reference that a line costs, and of what."""

    python: str
    libraries: dict[str, str]
    lines: dict[str, float]

    @classmethod
    def read(cls) -> Figures:
        """Return what is kept of what is counted here."""
        kept = cls(**json.loads(FIGURES.read_text()))
        names = {each.name for each in _counted()}
        lines = {kind: n for kind, n in kept.lines.items() if kind in names}
        return replace(kept, lines=lines)

    @classmethod
    def counted(cls) -> Figures:
        """Return those of here and now.

        Raises:
            CalledProcessError: a run failed.
        """
        with tempfile.TemporaryDirectory() as cache:
            found = measured(Path(cache), _counted())
        reference = found.pop(REFERENCE)
        del found[FLOOR]
        return cls(
            python=python(),
            libraries={name: version(name) for name in LIBRARIES},
            lines={kind: round(1000 * n / reference, 3) for kind, n in found.items()},
        )


def _counted() -> tuple[Pair, ...]:
    """Return what is counted: with native code where it is built, and without."""
    return (*KINDS, *PURE_KINDS) if IS_BUILT else PURE_KINDS


def python() -> str:
    """Return the version of Python as far as its bytecode depends on it."""
    return ".".join(platform.python_version_tuple()[:2])


def departures(now: Mapping[str, float], kept: Mapping[str, float]) -> Iterator[str]:
    """Say of each kind of line that is out of tolerance by how much.

    What became cheaper counts as well: kept as it was, it would hide the next rise.
    """
    for kind in sorted(now.keys() | kept.keys()):
        if kind not in now or kind not in kept:
            yield f"{kind}: not in both"
            continue
        more = now[kind] / kept[kind] - 1
        if abs(more) > TOLERANCE:
            word = "dearer" if more > 0 else "cheaper"
            yield f"{kind}: {abs(more):.1%} {word}: {kept[kind]} to {now[kind]}"


def main() -> int:
    """Compare, or write; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gate")
    parser.add_argument("--update", action="store_true", help="write what is counted")
    update = parser.parse_args().update
    now = Figures.counted()
    text = json.dumps(asdict(now), indent=1) + "\n"
    print(text, end="")
    if update:
        FIGURES.write_text(text)
        return 0
    found = list(departures(now.lines, Figures.read().lines))
    print("\n".join(found) or f"all within {TOLERANCE:.0%}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""How large a test is: small in `make test`, full in `make soak`."""

import os
from typing import TypeVar

Size = TypeVar("Size")

FULL = os.environ.get("ESA_AUTH_SOAK") == "1"
#: Longest wait for what must come, in seconds: a hang, not a measure.
HANG = 900.0 if FULL else 120.0
#: Stands in each line of figures, whose test it follows.
FIGURES = f" ({'full' if FULL else 'small'}): "


def size(small: Size, full: Size) -> Size:
    """Return the one that this run is about."""
    return full if FULL else small


def show(test: str, **figures: object) -> None:
    """Print the figures of a test in one line, which the end of the run repeats."""
    told = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in figures.items())
    print(f"\n{test}{FIGURES}{told}")

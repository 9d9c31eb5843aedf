"""No line may become dearer by accident: counted in instructions, not in time."""

import pytest

from tests.bench.gate import TOLERANCE, Figures, departures, python
from tests.bench.instructions import VALGRIND
from tests.support.checkout import needs_checkout
from tests.support.engines import optional, require


@needs_checkout
def test_a_line_costs_what_it_did() -> None:
    require("valgrind", VALGRIND, "not installed")
    kept = Figures.read()
    ours = f"the figures are of Python {kept.python}, this is {python()}"
    optional("valgrind", python() == kept.python, ours)
    now = Figures.counted()
    found = list(departures(now.lines, kept.lines))
    meant = "if it is meant: python -m tests.bench.gate --update"
    assert not found, f"{found} with {now.libraries}; {kept.libraries} before; {meant}"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"quiet": 1 + 0.9 * TOLERANCE}, []),
        ({"quiet": 1 - 0.9 * TOLERANCE}, []),
        ({"quiet": 1.1}, ["quiet: 10.0% dearer: 1.0 to 1.1"]),
        ({"quiet": 0.8}, ["quiet: 20.0% cheaper: 1.0 to 0.8"]),
        ({"flood": 1.0}, ["flood: not in both", "quiet: not in both"]),
    ],
)
def test_what_departs_is_named(now: dict[str, float], words: list[str]) -> None:
    assert list(departures(now, {"quiet": 1.0})) == words

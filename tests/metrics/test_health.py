"""What is said to be wrong, of a pulse and of readings."""

import pytest

from esa_auth.metrics.health import BEHIND_AFTER, BLOCKED_AFTER, complaints
from esa_auth.metrics.pulse import Beat, Pulse
from esa_auth.metrics.readings import Readings
from esa_auth.model.counters import Counters
from tests.metrics.readings import FORWARD, beat, readings


def test_a_share_is_of_the_last_lines() -> None:
    pulse, counters, seen = Pulse(lambda: 0.0), Counters(), []
    for lines, unknown in ((900, 0), (900, 900), (900, 900), (1200, 0), (1200, 0)):
        counters.lines += lines
        counters.unknown_heads += unknown
        pulse.ends(counters)
        now = pulse.beat()
        seen.append((now.recent, now.unknown))
    assert seen == [(900, 0), (1800, 900), (2700, 1800), (2100, 900), (1200, 0)]


@pytest.mark.parametrize(
    ("recent", "unknown", "well"),
    [(0, 0, True), (99, 99, True), (100, 50, True), (100, 51, False)],
)
def test_more_than_half_unknown_is_not_well(
    recent: int, unknown: int, well: bool
) -> None:
    now = Beat(Counters(), 0, None, 0.0, recent, unknown)
    found = complaints(readings(now), None)
    assert found == (
        []
        if well
        else ["input not understood: 51.0% of the last 100 lines have an unknown head"]
    )


@pytest.mark.parametrize(
    ("given", "stalled_after", "said"),
    [
        (readings(beat()), 900, []),
        (readings(beat(silent=899)), 900, []),
        (readings(beat(silent=900)), 900, ["input stalled: no line for 900 s"]),
        (readings(beat(silent=10**6)), None, []),
        (readings(beat(3, BLOCKED_AFTER - 1)), 900, []),
        (
            readings(beat(3, BLOCKED_AFTER, silent=5000)),
            900,
            ["output blocked: 3 events not taken for 30 s"],
        ),
        (
            readings(beat(0, 40.0)),
            900,
            ["output blocked: what was refused not taken for 40 s"],
        ),
        (
            readings(beat(), FORWARD._replace(trouble="refused")),
            900,
            ["sink down: refused"],
        ),
        (
            readings(beat(silent=BEHIND_AFTER), unread=7),
            None,
            ["input stalled: 7 bytes to read, no line for 60 s"],
        ),
        (readings(beat(silent=5.0), unread=7), None, []),
    ],
)
def test_health_says_what_is_wrong_and_nothing_else(
    given: Readings, stalled_after: float | None, said: list[str]
) -> None:
    assert complaints(given, stalled_after) == said


def test_a_pulse_tells_one_moment() -> None:
    now = [0.0]
    pulse, counters = Pulse(lambda: now[0]), Counters()
    now[0] = 5.0
    assert pulse.beat() == Beat(Counters(), 0, None, 5.0)
    counters.lines, counters.results = 10, 4
    pulse.begins(4)
    now[0] = 7.0
    assert pulse.beat() == Beat(Counters(), 4, 2.0, 7.0)
    pulse.ends(counters)
    counters.lines = 99
    now[0] = 8.0
    assert pulse.beat() == Beat(Counters(lines=10, results=4), 0, None, 1.0, 10)

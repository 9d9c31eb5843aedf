"""Where the bounds of the clock are, to the line and to the second."""

import pytest

from esa_auth.envelope import Clock, Present

# 1 July 2026, 00:00 UTC.
REFERENCE = 1_782_864_000


def test_the_sixteenth_line_in_a_row_sets_a_clock_back() -> None:
    """Without a wall clock that can be right; fewer lines may be forged."""
    clock = Clock(None, 0, Present(0))
    first = clock.resolve("Tue Mar 17 18:24:00 2026")
    back = clock.resolve("Sat Mar  7 18:24:00 2026")
    assert first is not None
    assert back is not None
    assert clock.follow(first)
    assert [clock.follow(back) for _ in range(17)] == [False] * 15 + [True] * 2


@pytest.mark.parametrize("stop", range(18))
def test_lines_in_a_row_are_counted_on_over_a_stop(stop: int) -> None:
    clock = Clock(None, 0, Present(0))
    first = clock.resolve("Tue Mar 17 18:24:00 2026")
    back = clock.resolve("Sat Mar  7 18:24:00 2026")
    assert first is not None
    assert back is not None
    assert clock.follow(first)
    followed = [clock.follow(back) for _ in range(stop)]
    again = Clock(None, 0, Present(0))
    again.restore(clock.snapshot())
    followed += [again.follow(back) for _ in range(17 - stop)]
    assert followed == [False] * 15 + [True] * 2


@pytest.mark.parametrize(
    ("stamp", "year"),
    [
        ("Jun 30 23:59:59", "2026"),
        ("Jul  1 00:00:01", "2026"),
        # A day of grace, for clocks and zones that differ.
        ("Jul  2 00:00:00", "2026"),
        ("Jul  2 00:00:01", "2025"),
        ("Feb 29 12:00:00", "2024"),
    ],
)
def test_a_stamp_without_year_is_at_most_a_day_ahead(stamp: str, year: str) -> None:
    instant = Clock(None, REFERENCE).resolve(stamp)
    assert instant is not None
    assert instant.iso.startswith(year)

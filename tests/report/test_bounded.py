"""Counts of what an attacker may make endlessly many of."""

import pytest

from esa_auth.report.bounded import KEPT_HASHES, MOST_BUCKETS, Distinct, Kept, Timeline

DAY = 86_400


def test_as_many_texts_as_are_kept_are_counted_exactly() -> None:
    found = Distinct()
    for number in range(KEPT_HASHES):
        found.add(f"u{number}")
        found.add("u0")
    assert (len(found), found.exact) == (KEPT_HASHES, True)
    found.add("one more")
    assert not found.exact
    assert KEPT_HASHES // 2 < len(found) < 2 * KEPT_HASHES


def test_a_table_holds_twice_as_many_and_then_the_heavier_half() -> None:
    table: Kept[list[int]] = Kept(2, lambda: [0], lambda row: (row[0],))
    for name, weight in (("a", 3), ("b", 1), ("c", 5), ("d", 3)):
        table[name][0] += weight
    assert (len(table), table.left_out) == (4, 0)
    table["a"][0] += 0
    assert table.left_out == 0
    table["e"][0] += 1
    # Of equal weight, the name decides.
    assert list(table.rows) == ["c", "a", "e"]
    assert table.left_out == 2
    assert [name for name, _ in table.heaviest(2)] == ["c", "a"]


def series(*attempts: tuple[int, bool]) -> tuple[int, int, list[int], list[int]]:
    """Return width, start, successes and failures."""
    timeline = Timeline()
    for epoch, failed in attempts:
        timeline.add(epoch, failed=failed)
    return timeline.width, *timeline.series()


def test_attempts_of_a_minute_are_one_bucket_and_a_gap_is_nothing() -> None:
    assert series() == (60, 0, [], [])
    found = series((DAY + 59, True), (DAY + 180, False), (DAY, True), (DAY + 60, True))
    assert found == (60, DAY, [0, 0, 0, 1], [2, 1, 0, 0])


@pytest.mark.parametrize(("minutes", "width"), [(-1, 60), (0, 300)])
def test_buckets_grow_wider_when_there_would_be_too_many(
    minutes: int, width: int
) -> None:
    last = DAY + 60 * (MOST_BUCKETS + minutes)
    for attempts in (
        [(DAY, True), (last, False)],
        [(last, False), (DAY, True)],
    ):
        found, start, good, bad = series(*attempts)
        assert (found, start) == (width, DAY)
        assert len(good) == len(bad) == (last - DAY) // width + 1
        assert (good[-1], bad[0], sum(good), sum(bad)) == (1, 1, 1, 1)


def test_a_span_of_many_years_has_buckets_of_many_weeks() -> None:
    last = 604_800 * MOST_BUCKETS * 3
    width, start, good, _ = series((0, False), (600, False), (last, False))
    assert width == 4 * 604_800
    assert (start, good[0], good[-1]) == (0, 2, 1)
    assert len(good) == last // width + 1


def test_a_table_drops_the_lightest_and_says_so() -> None:
    kept: Kept[list[int]] = Kept(2, lambda: [0], lambda row: (row[0],))
    for key, count in (("a", 5), ("b", 1), ("c", 3), ("d", 1), ("e", 1)):
        kept[key][0] += count
    assert sorted(kept.rows) == ["a", "c", "e"]
    assert kept.left_out == 2
    assert [key for key, _ in kept.heaviest(2)] == ["a", "c"]


def test_few_are_counted_exactly_and_many_nearly() -> None:
    distinct = Distinct()
    for number in range(KEPT_HASHES):
        distinct.add(f"u{number}")
        distinct.add(f"u{number}")
    assert (len(distinct), distinct.exact) == (KEPT_HASHES, True)
    for number in range(20_000):
        distinct.add(f"u{number}")
    assert not distinct.exact
    assert 0.6 * 20_000 < len(distinct) < 1.6 * 20_000


@pytest.mark.parametrize("span", [1, 3_600, 86_400, 400 * 86_400, 80 * 366 * 86_400])
def test_a_timeline_loses_no_attempt_and_stays_short(span: int) -> None:
    timeline = Timeline()
    for number in range(1_000):
        timeline.add(1_772_442_000 + number * span // 1_000, failed=number % 3 == 0)
    start, good, bad = timeline.series()
    assert (sum(good), sum(bad)) == (666, 334)
    assert len(good) == len(bad) <= MOST_BUCKETS
    assert start <= 1_772_442_000 < start + timeline.width

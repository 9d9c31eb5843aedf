"""Two appliances are told by steps to and fro between numbers that are far apart."""

import pytest

from esa_auth.sessions.series import NEAR, Series

LOW, HIGH = 5_000_000, 9_000_000
# Of 16 points each, 128 are enough.
STEPS = 8


def told(*numbers: int) -> Series:
    series = Series()
    for at, number in enumerate(numbers):
        series.opened(b"%d" % number, at)
    return series


def to_and_fro(steps: int, far: int = HIGH) -> list[int]:
    """Return two series that begin, and so many steps between them."""
    return [LOW, far, *[(LOW, far)[step % 2] + step for step in range(steps)]]


def test_the_eighth_step_to_and_fro_tells_two_appliances() -> None:
    assert not told(*to_and_fro(STEPS - 1)).doubled
    series = told(*to_and_fro(STEPS))
    assert series.doubled
    assert series.conflicts == 1
    assert told(*to_and_fro(3 * STEPS)).conflicts == 1


def test_steps_within_a_series_take_back_what_steps_between_two_told() -> None:
    numbers = to_and_fro(STEPS)
    assert not told(*numbers, numbers[-1] + 1).doubled
    # At most 192 points are held: 64 more than enough, and one is too few then.
    many = to_and_fro(40)
    near = [many[-1]] * 64
    assert told(*many, *near).doubled
    assert not told(*many, *near, many[-1]).doubled


def test_the_same_sign_is_one_conflict_until_it_was_gone() -> None:
    many = to_and_fro(STEPS)
    back = [many[-1], LOW, many[-1]]
    assert told(*many, *back).conflicts == 2


@pytest.mark.parametrize(("step", "near"), [(NEAR, True), (NEAR + 1, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_step_that_is_not_long_stays_in_its_series(
    step: int, near: bool, sign: int
) -> None:
    series = told(LOW, LOW + sign * step)
    assert series.jumped == (0 if near else 1)
    assert series.current == (
        max(LOW, LOW + sign * step) if near else LOW + sign * step
    )


def test_a_late_line_does_not_lower_the_highest_number() -> None:
    assert told(LOW, LOW - 5).current == LOW
    back = told(LOW, HIGH, LOW - 5)
    assert (back.current, back.score) == (LOW, 16)
    assert told(LOW, HIGH, LOW + 5).current == LOW + 5


@pytest.mark.parametrize(("step", "known"), [(NEAR, True), (NEAR + 1, False)])
def test_a_series_is_known_again_as_near_as_it_is_continued(
    step: int, known: bool
) -> None:
    for number in (LOW + step, LOW - step):
        series = told(LOW, HIGH, number)
        assert series.score == (16 if known else 0)
        assert series.jumped == (1 if known else 2)


def test_numbers_from_1_on_are_a_series_that_was_not_known() -> None:
    assert told(0).jumped == 0
    assert told(LOW, 1).jumped == 1


def test_the_thousand_of_a_number_is_passed_over_only_without_a_sign() -> None:
    assert told(LOW + 1234).thousand == b"5001"
    assert told(LOW, HIGH, LOW).thousand is None


def test_a_restart_takes_up_where_it_stood() -> None:
    numbers = to_and_fro(STEPS)
    for cut in range(1, len(numbers)):
        before, whole = told(*numbers[:cut]), told(*numbers)
        after = Series()
        after.restore(before.snapshot())
        assert after.doubled == before.doubled
        for at, number in enumerate(numbers[cut:], cut):
            after.opened(b"%d" % number, at)
        assert after.snapshot() == whole.snapshot()
        assert after.doubled
    with pytest.raises(LookupError):
        Series().restore({"current": 1})

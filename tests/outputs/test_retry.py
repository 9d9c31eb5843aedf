"""Trying again: how long it waits, what it says, and when it gives up."""

import logging

import pytest

from esa_auth.errors import TemporaryError
from esa_auth.retry import FIRST_PAUSE, LONGEST_PAUSE, Backoff, Retry, Timing, Words


class Time:
    """A clock that goes forward by sleeping only."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.stop = False

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def timing(self, slice_: float = 0.25, patience: float = 0.0) -> Timing:
        return Timing(lambda: self.now, self.sleep, lambda: 0.0, slice_, patience)


def retry(time: Time, **timing: float) -> Retry:
    return Retry("events", lambda: time.stop, time.timing(**timing))


def test_a_pause_doubles_up_to_the_longest_and_begins_again() -> None:
    pauses = Backoff(0.5, 3.0)
    assert [pauses.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    pauses.reset()
    assert pauses.next() == 0.5


@pytest.mark.parametrize(("chance", "left"), [(0.0, 4.0), (0.5, 3.0), (1.0, 2.0)])
def test_chance_takes_up_to_half_of_a_pause(chance: float, left: float) -> None:
    assert Backoff(4.0, 60.0, lambda: chance).next() == left


def test_without_other_pauses_it_waits_as_files_do() -> None:
    time = Time()
    tried = retry(time, slice_=60.0)
    for _ in range(8):
        tried.failed("full")
    assert time.slept[0] == FIRST_PAUSE
    assert time.slept[1] == 2 * FIRST_PAUSE
    assert time.slept[-1] == LONGEST_PAUSE


def test_a_long_pause_is_slept_in_slices() -> None:
    time = Time()
    retry(time).failed("full", at_least=1.125)
    assert time.slept == [0.25, 0.25, 0.25, 0.25, 0.125]


def test_what_the_other_end_asks_for_lengthens_a_pause_and_never_shortens_it() -> None:
    time = Time()
    tried = retry(time, slice_=60.0)
    tried.failed("busy", at_least=7.0)
    tried.failed("busy", at_least=0.01)
    assert time.slept == [7.0, 2 * FIRST_PAUSE]


def test_the_same_trouble_is_told_once_and_its_end_with_the_tries(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried = retry(Time())
    with caplog.at_level(logging.WARNING, "esa_auth"):
        tried.worked()
        for why in ("full", "full", "gone"):
            tried.failed(why)
            assert tried.trouble == why
        assert tried.tries == 3
        tried.worked()
        assert (tried.trouble, tried.tries) == ("", 0)
        tried.failed("full")
    assert caplog.messages == [
        "events: full: waiting until it can be written",
        "events: gone: waiting until it can be written",
        "events: written again after 3 tries",
        "events: full: waiting until it can be written",
    ]


def test_after_it_worked_the_first_pause_is_the_shortest_again() -> None:
    time = Time()
    tried = retry(time, slice_=60.0)
    tried.failed("full")
    tried.failed("full")
    tried.worked()
    tried.failed("full")
    assert time.slept == [FIRST_PAUSE, 2 * FIRST_PAUSE, FIRST_PAUSE]


def test_a_stop_ends_the_tries_with_the_last_trouble() -> None:
    time = Time()
    words = Words(stopped="gave up {what}: {why}")
    tried = Retry("events", lambda: time.now >= 1000.5, time.timing(), words=words)
    tried.check_stop()
    with pytest.raises(TemporaryError, match=r"^gave up events: full$"):
        tried.failed("full", at_least=60.0)
    # Between two slices, not at the end of the pause.
    assert time.slept == [0.25, 0.25]


def test_a_stop_that_comes_in_the_last_slice_ends_the_tries_too() -> None:
    time = Time()
    tried = Retry("events", lambda: time.now > 1000.0, time.timing(slice_=60.0))
    with pytest.raises(TemporaryError, match="events: full"):
        tried.failed("full")
    assert len(time.slept) == 1


def test_patience_begins_with_the_stop_and_anew_with_the_next_one() -> None:
    time = Time()
    tried = retry(time, patience=5.0)
    for _ in range(2):
        tried.check_patience()
        time.now += 100.0
        time.stop = True
        tried.check_patience()
        time.now += 4.5
        tried.check_patience()
        time.stop = False
    tried.check_patience()
    time.stop = True
    tried.check_patience()
    time.now += 5.0
    with pytest.raises(TemporaryError):
        tried.check_patience()

"""Sessions do not disturb each other, whatever the order of their lines."""

from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline.examples import FEW
from tests.support.harness import Event, Run, less_quoted, run
from tests.support.strategies import Script, by_time, scripts, shuffled


def each_alone(sessions: list[Script]) -> list[list[Event]]:
    return [run(s.lines).of(s.appliance, s.side, s.number) for s in sessions]


def each_among(found: Run, sessions: list[Script]) -> list[list[Event]]:
    return [found.of(s.appliance, s.side, s.number) for s in sessions]


@FEW
@given(st.data())
def test_sessions_do_not_disturb_each_other(data: st.DataObject) -> None:
    """Interleaved any way, each session gives what it gives alone, ids and all."""
    sessions = data.draw(scripts(no_line_twice=True))
    found = run(data.draw(shuffled(sessions)))

    assert each_among(found, sessions) == each_alone(sessions)
    assert len(found.events) == sum(map(len, each_among(found, sessions)))
    assert not found.dead
    found.assert_accounted()


@FEW
@given(st.data())
def test_sessions_with_equal_lines_do_not_disturb_each_other(
    data: st.DataObject,
) -> None:
    """Any interleaving, less the ids.

    Equal lines of one second are told apart by their ordinal, and ordinals are kept of
    the last few seconds only. A log that runs back and forth further than that, which
    no interleaving of an appliance's own lines does, counts from zero again.
    """
    sessions = data.draw(scripts())
    found = run(data.draw(shuffled(sessions)))

    alone = each_alone(sessions)
    assert list(map(less_quoted, each_among(found, sessions))) == list(
        map(less_quoted, alone)
    )
    assert not found.dead


@FEW
@given(scripts())
def test_sessions_of_one_log_do_not_disturb_each_other(sessions: list[Script]) -> None:
    """In the order of a log, equal lines have the ids too that they have alone."""
    found = run(by_time(sessions))
    assert each_among(found, sessions) == each_alone(sessions)
    ids = [e["event"]["id"] for e in found.events]
    assert len(set(ids)) == len(ids)

"""Values in pieces: what is no piece of the value any more is not left in the store."""

import pytest

from esa_auth.stream.split import PIECE, SplitValues
from tests.kafka.keyed import PLACE, State, lines_of, pipelines_of, told, undisturbed


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
@pytest.mark.parametrize("before", [None, 2, 2 * PIECE])
def test_a_value_of_any_size_comes_back(size: int, before: int | None) -> None:
    state, values = State(), SplitValues()
    if before is not None:
        values.write(state, "x", b"b" * before)
        state.commit()
    values.write(state, "x", b"a" * size)
    state.commit()
    assert SplitValues().read(state, "x") == b"a" * size
    values.write(state, "x", None)
    state.commit()
    assert state.committed == {}
    assert state.largest <= PIECE + 1


@pytest.mark.parametrize("smaller", [b"x", b"x" * (PIECE + 1), None])
def test_a_value_that_shrinks_leaves_no_piece_behind(smaller: bytes | None) -> None:
    state, fresh, values = State(), State(), SplitValues()
    for value in (b"y" * (3 * PIECE), smaller):
        values.write(state, "name", value)
        state.commit()
    SplitValues().write(fresh, "name", smaller)
    fresh.commit()
    assert state.committed == fresh.committed


def test_a_flood_of_distinct_lines_in_one_second_stays_within_a_message() -> None:
    pipelines, state = pipelines_of(lines_of()), State()
    for number in range(40_000):
        name = b"%d" % number
        line = (
            b"Tue Mar 17 17:00:00 2026 Info: SMTP Auth: (ICID 7) failed for user: %b"
            b" using AUTH mechanism: LOGIN with profile: p"
        ) % name
        pipelines.read(PLACE, line, state)
    pipelines.write()
    state.commit()
    assert state.largest <= PIECE + 1
    assert sum(map(len, state.committed.values())) > PIECE + PIECE // 4
    pipelines.forget()
    again = pipelines.read(PLACE, line, state)
    # The same line once more in its second: not the same event.
    (event,) = told(again)
    assert event["event"]["sequence"] == 40_001
    ids = {e["event"]["id"] for e in told(undisturbed([line, line], lines_of()))[:2]}
    assert event["event"]["id"] in ids

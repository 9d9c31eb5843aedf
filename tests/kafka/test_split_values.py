"""Values in pieces: what is no piece of the value any more is not left in the store."""

import pytest

from esa_auth.stream.split import PIECE, SplitValues
from tests.kafka.test_ledger import State


@pytest.mark.parametrize("smaller", [b"x", b"x" * (PIECE + 1), None])
def test_a_value_that_shrinks_leaves_no_piece_behind(smaller: bytes | None) -> None:
    state, fresh, values = State(), State(), SplitValues()
    for value in (b"y" * (3 * PIECE), smaller):
        values.write(state, "name", value)
        state.commit()
    SplitValues().write(fresh, "name", smaller)
    fresh.commit()
    assert state.committed == fresh.committed

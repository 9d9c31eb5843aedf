"""Values in pieces: what is no piece of the value any more is not left in the store."""

import pytest

from esa_auth.stream.cells import PIECE, Cells
from tests.kafka.test_ledger import State


@pytest.mark.parametrize("smaller", [b"x", b"x" * (PIECE + 1), None])
def test_a_value_that_shrinks_leaves_no_piece_behind(smaller: bytes | None) -> None:
    state, fresh, cells = State(), State(), Cells()
    for value in (b"y" * (3 * PIECE), smaller):
        cells.write(state, "name", value)
        state.commit()
    Cells().write(fresh, "name", smaller)
    fresh.commit()
    assert state.committed == fresh.committed

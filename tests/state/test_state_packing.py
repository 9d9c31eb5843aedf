"""A checkpoint in pieces is the checkpoint in one piece."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esa_auth.rows import Rows
from esa_auth.state.packing import PIECE, packed, unpacked

LEAVES = st.none() | st.booleans() | st.integers(0, 2**63) | st.text() | st.binary()
KEYS = st.text() | st.binary() | st.integers(0, 2**31)
DATA = st.recursive(
    LEAVES, lambda x: st.lists(x) | st.dictionaries(KEYS, x), max_leaves=30
)


@given(DATA)
def test_it_is_what_msgpack_makes_of_it(data: Any) -> None:
    whole = b"".join(packed(data))
    assert whole == msgpack.packb(data)
    assert unpacked(BytesIO(whole), len(whole)) == data


def test_rows_are_a_list_to_whoever_reads_them() -> None:
    rows = Rows(3, lambda: iter([[1, b"a"], [2, b"b"], [3, b"c"]]))
    whole = b"".join(packed({"rows": rows}))
    assert unpacked(BytesIO(whole), len(whole)) == {
        "rows": [[1, b"a"], [2, b"b"], [3, b"c"]]
    }


@pytest.mark.parametrize("more", [b"\x01", b"\x01\x02\x03"])
def test_what_stands_behind_the_value_is_refused_and_counted(more: bytes) -> None:
    whole = msgpack.packb({"a": 1}) + more
    with pytest.raises(ValueError, match=f"^{len(more)} bytes too many$"):
        unpacked(BytesIO(whole), len(whole))


def test_a_row_is_made_when_its_piece_is_due() -> None:
    made = 0

    def make() -> Iterator[bytes]:
        nonlocal made
        for _ in range(100):
            made += 1
            yield bytes(PIECE // 4)

    for number, piece in enumerate(packed(Rows(100, make)), 1):
        assert len(piece) < 2 * PIECE
        assert made <= 4 * number
    assert made == 100


@pytest.mark.parametrize("data", [b"", b"\x92\x01", b"\x01\x02", b"\xc1", b"\xdb\xff"])
def test_what_is_not_one_value_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, msgpack.UnpackException)):
        unpacked(BytesIO(data), len(data))

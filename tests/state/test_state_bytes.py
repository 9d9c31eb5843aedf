"""Every way in which the bytes of a checkpoint can be spoilt."""

import pytest

from esa_auth.state.generation import (
    HEADER_SIZE,
    DamagedError,
    Generation,
    decode,
    header,
)

ONE = Generation(7, b'{"offset": 4711}')
WHOLE = header(ONE) + ONE.payload


def test_a_checkpoint_comes_back_as_it_was() -> None:
    assert decode(WHOLE) == ONE


def test_an_empty_payload_is_a_checkpoint_too() -> None:
    empty = Generation(1, b"")
    assert len(header(empty)) == HEADER_SIZE
    assert decode(header(empty)) == empty


@pytest.mark.parametrize("bit", range(8))
def test_any_flipped_bit_is_noticed(bit: int) -> None:
    for at in range(len(WHOLE)):
        spoilt = bytearray(WHOLE)
        spoilt[at] ^= 1 << bit
        with pytest.raises(DamagedError):
            decode(bytes(spoilt))


def test_any_missing_end_is_noticed() -> None:
    for length in range(len(WHOLE)):
        with pytest.raises(DamagedError):
            decode(WHOLE[:length])


def test_bytes_behind_the_end_are_noticed() -> None:
    with pytest.raises(DamagedError):
        decode(WHOLE + b"\0")


def test_the_version_comes_back_for_the_caller_to_judge() -> None:
    newer = Generation(7, b"of tomorrow", version=9)
    assert decode(header(newer) + newer.payload).version == 9

"""What a failure of a receiver proves about a chunk, and what it does not."""

from esa_auth.outputs.forward.chunks import Chunk, Entry, Split
from esa_auth.outputs.forward.trial import SMALLEST_LIMIT, Trial


def entries(count: int, size: int = 100) -> list[Entry]:
    return [(f"id {number}", b"x" * size) for number in range(count)]


def test_without_a_witness_a_chunk_is_split_at_its_third_failure() -> None:
    trial, chunk = Trial(1 << 20), Chunk(entries(4))
    assert trial.witness() is None
    assert trial.unproven(chunk) == (chunk,)
    assert trial.unproven(chunk) == (chunk,)
    first, second = trial.unproven(chunk)
    assert [*first.entries, *second.entries] == chunk.entries


def test_without_a_witness_one_event_is_never_poison() -> None:
    trial, chunk = Trial(1 << 20), Chunk(entries(1))
    assert [trial.unproven(chunk) for _ in range(9)] == [(chunk,)] * 9


def test_with_a_witness_one_event_is_poison_at_its_third_strike() -> None:
    trial, chunk = Trial(1 << 20), Chunk(entries(1))
    trial.acknowledged(Chunk(entries(1)))
    assert trial.witness() is not None
    assert [trial.strike(chunk) for _ in range(3)] == [(chunk,), (chunk,), ()]


def test_a_size_that_was_the_trouble_bounds_the_next_chunks() -> None:
    size = SMALLEST_LIMIT // 2 + 1
    trial, chunk = Trial(1 << 20), Chunk(entries(4, size))
    first, second = chunk.halves(Split(unsettled=4))
    assert not trial.acknowledged(first)
    assert trial.acknowledged(second)
    assert trial.max_bytes == 2 * size


def test_chunks_are_not_made_small_because_of_small_events() -> None:
    trial, chunk = Trial(1 << 20), Chunk(entries(4))
    for half in chunk.halves(Split(unsettled=4)):
        trial.acknowledged(half)
    assert trial.max_bytes == SMALLEST_LIMIT

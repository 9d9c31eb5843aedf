"""Chunks: the events that one acknowledgement covers, and how lists become them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from esa_auth.outputs.forward.packing import Entry, chunk_id


@dataclass(slots=True, eq=False)
class Split:
    """A chunk that was split on evidence, followed until all of it is settled."""

    unsettled: int
    """Events of it that are neither acknowledged nor poison."""
    largest_acked: int = 0
    """Bytes of its largest part that was acknowledged."""
    poisoned: bool = False


@dataclass(slots=True, eq=False)
class Chunk:
    """Events on their way, with what `forward.trial` holds against them."""

    entries: Sequence[Entry]
    written: bool = False
    """Has been on the wire, so that the next time is a repetition."""
    is_witness: bool = False
    """Repeats an acknowledged event, see `forward.trial`."""
    suspect: bool = False
    """Was under way when a try failed, so that it goes alone from then on."""
    accused: bool = False
    """Failed last time with nothing else under way."""
    strikes: int = 0
    """Failures in a row that were followed by the acknowledgement of a witness."""
    unproven: int = 0
    """Failures while there was no witness."""
    reason: str = ""
    """How it failed last."""
    part_of: Split | None = None
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = chunk_id(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def size(self) -> int:
        """Bytes of its packed events."""
        return sum(len(packed) for _, packed in self.entries)

    def halves(self, part_of: Split | None) -> tuple["Chunk", "Chunk"]:
        """Return its first and second half as new chunks; it needs two events."""
        middle = len(self.entries) // 2
        first, second = (
            Chunk(part, written=self.written, suspect=True, part_of=part_of)
            for part in (self.entries[:middle], self.entries[middle:])
        )
        return first, second


def cut(entries: Sequence[Entry], max_events: int, max_bytes: int) -> Iterator[Chunk]:
    """Yield the entries, in order, as chunks within both limits.

    An entry larger than ``max_bytes`` is a chunk of its own.
    """
    start, size = 0, 0
    for at, (_, packed) in enumerate(entries):
        full = at - start >= max_events or size + len(packed) > max_bytes
        if full and at > start:
            yield Chunk(entries[start:at])
            start, size = at, 0
        size += len(packed)
    if start < len(entries):
        yield Chunk(entries[start:])

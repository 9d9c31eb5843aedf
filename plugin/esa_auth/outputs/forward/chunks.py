"""Events as the bytes of the forward protocol: entries, and chunks of them.

A chunk is the events that one acknowledgement covers.
"""

import base64
import gzip
import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgpack

Entry = tuple[str, bytes]
"""``(event_id, packed)``; packed is the msgpack of ``[EventTime, record]``."""

_EVENT_TIME = 0
_MAX_SECONDS = 2**32 - 1
_MAX_NANOSECONDS = 10**9 - 1
# Higher levels gain little on JSON-like text and cost several times the CPU.
_GZIP_LEVEL = 3


def pack_entry(
    event_id: str,
    epoch_seconds: int,
    nanoseconds: int,
    record: Mapping[str, object],
) -> Entry:
    """Return one event ready to be sent.

    EventTime is msgpack extension type 0: seconds since 1970 and nanoseconds, both
    unsigned 32 bit, big endian. Fluentd takes second 0 for "now", so it is refused.

    Raises:
        ValueError: the time is outside 1970 to 2106, or the record holds something
            that msgpack cannot carry (lone surrogates, integers over 64 bit).
    """
    if not 0 < epoch_seconds <= _MAX_SECONDS:
        raise ValueError(f"no EventTime can hold the second {epoch_seconds}")
    if not 0 <= nanoseconds <= _MAX_NANOSECONDS:
        raise ValueError(f"not within a second: {nanoseconds} ns")
    stamp = msgpack.ExtType(_EVENT_TIME, struct.pack(">II", epoch_seconds, nanoseconds))
    try:
        return event_id, msgpack.packb([stamp, record])
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"event {event_id} cannot be packed: {error}") from error


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


def chunk_id(entries: Sequence[Entry]) -> str:
    """Return the id of a chunk: the same for the same events, in any order.

    128 bits in base64, as the specification suggests, so that a chunk that was
    sent again can be recognised in a trace.
    """
    ids = "\0".join(sorted(event_id for event_id, _ in entries))
    return base64.b64encode(hashlib.sha256(ids.encode()).digest()[:16]).decode()


def pack_chunk(
    tag: str, chunk: str, entries: Sequence[Entry], *, compress: bool
) -> bytes:
    """Return one PackedForward message, or CompressedPackedForward."""
    stream = b"".join(packed for _, packed in entries)
    option: dict[str, object] = {"size": len(entries), "chunk": chunk}
    if compress:
        stream = gzip.compress(stream, _GZIP_LEVEL, mtime=0)
        option["compressed"] = "gzip"
    packet: bytes = msgpack.packb([tag, stream, option])
    return packet

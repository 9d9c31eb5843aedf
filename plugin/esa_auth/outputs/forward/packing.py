"""Events as the bytes of the forward protocol: entries, and chunks of them."""

import base64
import gzip
import hashlib
import struct
from collections.abc import Mapping, Sequence

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

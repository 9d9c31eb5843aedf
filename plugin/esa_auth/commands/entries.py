"""Events as entries of the forward protocol, and an entry as a dead letter."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgpack

from esa_auth.formats import converter, origin
from esa_auth.model.dead_letter import Letter, Recall
from esa_auth.model.document import Document
from esa_auth.outputs.forward import Entry, pack_entry

# EventTime of the forward protocol ends here, in the year 2106.
_LAST_SECOND = 2**32 - 1


def packer(schema: str) -> Callable[[Document], Entry]:
    """Return how an event is packed, written as ``schema`` has it."""
    convert = converter(schema)
    if convert:
        return lambda document: _pack(document, convert(document.whole()))
    return lambda document: _pack(document, document.whole())


def _pack(document: Document, record: dict[str, Any]) -> Entry:
    # Outside of what EventTime can hold, @timestamp in the record is still right.
    stamp: str = document.own["@timestamp"]
    seconds = int(datetime.fromisoformat(f"{stamp[:19]}+00:00").timestamp())
    seconds = min(max(seconds, 1), _LAST_SECOND)
    nanoseconds = int(stamp[20:23]) * 1_000_000
    return pack_entry(document.own["event"]["id"], seconds, nanoseconds, record)


def letter_of(entry: Entry, reason: str) -> Letter:
    """Return the dead letter of an entry that could not be sent."""
    event_id, packed = entry
    raw, name = origin(msgpack.unpackb(packed)[1])
    reasons = (reason, f"event.id {event_id}")
    return Letter(raw.encode(), "undeliverable", reasons, name, Recall())

"""What leaves a worker: one message to one of our topics."""

from dataclasses import dataclass
from typing import Literal

# Brokers refuse more than 1,048,588 bytes of key, value and framing unless told
# otherwise; what is larger would stop the worker, and every worker after it.
MOST_BYTES = 900_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message; ``topic`` is the name of a field of `Topics`."""

    topic: Literal["keyed", "events", "dead_letters"]
    key: bytes
    value: bytes

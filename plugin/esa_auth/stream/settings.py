"""What `esa-auth stream` is told, and what a worker sends."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Topics:
    """Names; ``keyed`` takes the lines that came to ``raw`` without a key."""

    raw: str
    keyed: str
    events: str
    dead_letters: str


@dataclass(frozen=True, slots=True)
class Security:
    """How to reach the brokers; ``protocol`` is Kafka's own word for it."""

    protocol: str = "plaintext"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    key_password: str | None = field(default=None, repr=False)
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Brokers, topics and times (seconds).

    ``partitions`` and ``replication`` are of topics that do not exist yet.
    """

    brokers: str
    group: str
    instance: str | None
    topics: Topics
    partitions: int
    replication: int
    commit_interval: float
    session_timeout: float
    transaction_timeout: float
    security: Security


# Brokers refuse more than 1,048,588 bytes of key, value and framing unless told
# otherwise; what is larger would stop the worker, and every worker after it.
MOST_BYTES = 900_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message; ``topic`` is the name of a field of `Topics`."""

    topic: Literal["keyed", "events", "dead_letters"]
    key: bytes
    value: bytes

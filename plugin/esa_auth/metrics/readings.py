"""What there is to read of a command; a part that it does not have is None."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from esa_auth.metrics.pulse import Beat
from esa_auth.model.counters import ApplianceCounts


class ApplianceReading(NamedTuple):
    """Levels of one appliance; ``last`` is epoch seconds of the log, 0 before it.

    ``doubts`` counts by flag what was doubtful of its lines.
    """

    name: str
    open_sessions: int
    evicted: int
    expired: int
    last: int
    replaced: int = 0
    doubts: Mapping[str, int] = MappingProxyType({})


class ForwardReading(NamedTuple):
    """What the forward destination counts; latencies in seconds."""

    sent: int
    resent: int
    acked: int
    poisoned: int
    retries: int
    connects: int
    chunks: int
    latency_sum: float
    latency_last: float
    trouble: str


class FilesReading(NamedTuple):
    """What the follower counts; ``unread`` is bytes known and not read."""

    open: int
    unread: int
    read: int
    rotations: int
    truncations: int
    possibly_lost: int
    errors: int


class TableReading(NamedTuple):
    """A file to look things up in; ``written`` is epoch seconds of the one in use."""

    name: str
    failures: int
    failing: bool
    written: float | None


@dataclass(frozen=True, slots=True)
class Readings:
    """How to read each part; all of them may be called by another thread.

    ``forgotten`` is what was counted of appliances that are not among the others,
    ``handed_over`` how many lines native code left to Python, by reason.
    """

    beat: Callable[[], Beat]
    appliances: Callable[[], Sequence[ApplianceReading]]
    now: Callable[[], float]
    forward: Callable[[], ForwardReading] | None = None
    files: Callable[[], FilesReading] | None = None
    tables: Callable[[], Sequence[TableReading]] | None = None
    forgotten: Callable[[], ApplianceCounts] = ApplianceCounts
    handed_over: Callable[[], dict[str, int]] | None = None

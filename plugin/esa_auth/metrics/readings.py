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


class Part(NamedTuple):
    """A part of a command with counters of its own.

    ``counters`` is a dataclass whose fields were made by `counters.metric`; ``prefix``
    stands before their names. ``trouble`` says why a sink takes nothing, and is empty
    while it does; None for what is no sink.
    """

    prefix: str
    counters: object
    trouble: str | None = None


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
    output: Callable[[], Part] | None = None
    files: Callable[[], Part] | None = None
    unread: Callable[[], int] | None = None
    """Bytes of followed files that are known and not read."""
    tables: Callable[[], Sequence[TableReading]] | None = None
    forgotten: Callable[[], ApplianceCounts] = ApplianceCounts
    handed_over: Callable[[], dict[str, int]] | None = None
    # What each address of `listen` counts, by the names of the counters.
    listeners: Callable[[], Mapping[str, Mapping[str, int]]] | None = None

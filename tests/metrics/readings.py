"""Readings as a process may have them, and what is shown of them."""

from esa_auth.inputs.follow.counters import Counters as FollowCounters
from esa_auth.metrics.exposition import Exposition
from esa_auth.metrics.pulse import Beat
from esa_auth.metrics.readings import ApplianceReading, Part, Readings, TableReading
from esa_auth.model.counters import Counters
from esa_auth.outputs.counters import DeliveryCounters

FORWARD = Part("forward_", DeliveryCounters(9, 1, 7, 0, 2, 1, 4, 100_000, 500_000), "")
FILES = Part("", FollowCounters(1, 4096, 0, 0, 1, 0))
TABLES = (TableReading("zones.file", 1, False, 40.0),)


def readings(
    beat: Beat,
    forward: Part | None = FORWARD,
    files: Part | None = FILES,
    appliances: tuple[ApplianceReading, ...] = (
        ApplianceReading("esa01", 3, 1, 2, 50),
    ),
    unread: int = 0,
) -> Readings:
    return Readings(
        lambda: beat,
        lambda: appliances,
        lambda: 100.0,
        (lambda: forward) if forward else None,
        (lambda: files) if files else None,
        lambda: unread,
        lambda: TABLES,
    )


def beat(
    waiting: int = 0, busy: float | None = None, silent: float = 0.0, lines: int = 10
) -> Beat:
    return Beat(Counters(lines=lines, results=4, rejected=1), waiting, busy, silent)


def exposition(given: Readings) -> Exposition:
    return Exposition(given, lambda: True)

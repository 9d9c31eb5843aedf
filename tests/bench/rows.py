"""The table of cases: each with its floor, its best peer, memory and instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench.cases import RunFailed
from tests.bench.figures import Row
from tests.bench.instructions import PURE
from tests.bench.plan import PEERS
from tests.bench.results import Results

NATIVE_FLOOR = "ordinary floor"
MIB = 1 << 20
TITLES = {
    "ordinary": "ordinary traffic, 1 % AUTH",
    "ordinary pure": "ordinary traffic, 1 % AUTH, pure",
    "flood": "flood, 25 % AUTH",
    "flood pure": "flood, 25 % AUTH, pure",
    "syslog": "syslog framing",
    "syslog pure": "syslog framing, pure",
    "json": "JSON framing",
    "json pure": "JSON framing, pure",
    "msgpack": "msgpack framing",
    "sessions": "open sessions only",
    "sessions pure": "open sessions only, pure",
    "jobs 1": "`convert --jobs 1`, two appliances",
    "jobs 2": "`convert --jobs 2`, two appliances, two cores",
    "forward": "`tail --forward`, each event acknowledged",
    "forward flood": "`tail --forward` of the flood, each event acknowledged",
}
# `convert` and `tail` read the same traffic as the first case.
FLOORS = {
    "jobs 1": NATIVE_FLOOR,
    "jobs 2": NATIVE_FLOOR,
    "forward": NATIVE_FLOOR,
    "forward flood": "flood floor",
}
# Of several processes, so that only the clock tells them apart.
CLOCKED = ("jobs 1", "jobs 2")


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case; what could not be measured is None."""

    title: str
    rate: float | None
    floor: float | None = None
    peer: float | None = None
    best: str = ""
    peak: float | None = None
    instructions: float | None = None
    targets: tuple[Row, ...] = ()
    reason: str = ""


def known(work_out: Callable[[], float]) -> float | None:
    """Return a figure, or None where a case of it was not run."""
    try:
        return work_out()
    except RunFailed:
        return None


def case_rows(results: Results, figures: Sequence[Row]) -> Iterator[CaseRow]:
    """Give a row of each case of ours, then of each peer of each case."""
    for case in TITLES:
        yield case_row(results, case, figures)
    for case, peers in PEERS.items():
        for name in peers:
            yield peer_row(results, case, name)


def case_row(results: Results, case: str, figures: Sequence[Row]) -> CaseRow:
    read = results.clock_rate if case in CLOCKED else results.rate
    rate = known(lambda: read(case))
    kind = case.removesuffix(PURE)
    best, beside = best_peer(results, kind)
    peak = known(lambda: results.peak_bytes(case) / MIB)
    return CaseRow(
        title=TITLES[case],
        rate=rate,
        floor=over_floor(results, rate, FLOORS.get(case, f"{kind} floor")),
        peer=rate / beside if rate and beside else None,
        best=best,
        peak=peak,
        instructions=results.instructions.get(case),
        targets=tuple(figure for figure in figures if figure.case == case),
        reason=results.reasons.get(case, ""),
    )


def peer_row(results: Results, case: str, name: str) -> CaseRow:
    key = f"{case} {name}"
    rate = known(lambda: results.rate(key))
    peak = known(lambda: results.peak_bytes(key) / MIB)
    return CaseRow(
        title=f"{name}: {TITLES[case]}",
        rate=rate,
        floor=over_floor(results, rate, f"{case} floor"),
        # A library's child holds its lines, so its memory says nothing.
        peak=peak or None,
        instructions=results.instructions.get(key),
        reason=results.reasons.get(key, ""),
    )


def over_floor(results: Results, rate: float | None, floor: str) -> float | None:
    """Return how many times the floor's time a line takes at this rate."""
    return known(lambda: results.rate(floor) / rate) if rate else None


def best_peer(results: Results, case: str) -> tuple[str, float | None]:
    """Return the name and lines/s of the quickest peer of a case."""
    rates = {
        name: rate
        for name in PEERS.get(case, ())
        if (rate := known(lambda: results.rate(f"{case} {name}")))  # noqa: B023
    }
    if not rates:
        return "", None
    best = max(rates, key=rates.__getitem__)
    return best, rates[best]

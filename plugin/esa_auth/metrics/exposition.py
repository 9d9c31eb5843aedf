"""Readings -> Prometheus' text formats."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    write_to_textfile,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from esa_auth import __version__
from esa_auth.metrics.readings import Part, Readings, TableReading
from esa_auth.model.counters import Level

# A host name is any text that a line claims; each of them would be kept for ever.
MOST_APPLIANCES = 100

_LINES = (
    ("results", "the verdict on an attempt"),
    ("ancillary", "AUTH family without a verdict"),
    ("context", "kept or used for a session"),
    ("ignored", "of no interest"),
    ("rejected", "dead letters"),
)

# What an address of `listen` counts; `open` alone is a level.
_OF_LISTENERS = {
    "open": "Connections held.",
    "accepted": "Connections taken.",
    "refused": "Connections closed at once: there were as many as there may be.",
    "handshakes_failed": "Connections without TLS, or that took too long for it.",
    "received_bytes": "Bytes received.",
    "messages": "Lines, counted messages or datagrams received.",
    "broken": "Connections that ended inside a message.",
    "dropped": "Datagrams that the system dropped: its buffer was full.",
}

# By the flag of the events, which is the key in `ApplianceReading.doubts`.
_DOUBTS = {
    "appliance_conflict": (
        "appliance_conflicts",
        "Signs of two appliances under one name.",
    ),
    "assumed_utc": (
        "assumed_utc_stamps",
        "Stamps without a zone that were taken for UTC.",
    ),
    "future_time": (
        "future_stamps",
        "Stamps more than 5 minutes ahead of the clock.",
    ),
    "implausible_time": (
        "implausible_lines",
        "Lines whose time is implausible, read on their own.",
    ),
}


class Exposition:
    """The metrics of one command."""

    def __init__(self, readings: Readings, healthy: Callable[[], bool]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Own(readings, healthy))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def text(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type, for an ``Accept`` header."""
        try:
            encode, kind = choose_encoder(accept)
        except (TypeError, ValueError):
            # prometheus-client 0.26 compares a version that is no number with one.
            encode, kind = choose_encoder("")
        return encode(self._registry), kind

    def write(self, path: str) -> None:
        """Write them for the textfile collector of node_exporter, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        write_to_textfile(path, self._registry)


class _Own(Collector):
    """Reads when asked; nothing is counted twice."""

    def __init__(self, readings: Readings, healthy: Callable[[], bool]) -> None:
        self._readings = readings
        self._healthy = healthy

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("esa_auth_info", "Version.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield _gauge("healthy", "1 if /healthz says 200.", int(self._healthy()))
        yield from self._work()
        yield from self._appliances()
        if self._readings.handed_over:
            yield _handed_over(self._readings.handed_over())
        for part in (self._readings.output, self._readings.files):
            if part:
                yield from _part(part())
        if self._readings.unread:
            text = "Bytes of followed files not yet read."
            yield _gauge("unread_bytes", text, self._readings.unread())
        if self._readings.tables:
            yield from _tables(self._readings.tables(), self._readings.now())
        if self._readings.listeners:
            yield from _listeners(self._readings.listeners())

    def _work(self) -> Iterator[Metric]:
        beat = self._readings.beat()
        counts = beat.counters
        yield from _counted("", counts)
        kinds = CounterMetricFamily(
            "esa_auth_lines_by_kind",
            "Lines by what became of them: "
            + "; ".join(f"{kind}: {what}" for kind, what in _LINES),
            labels=["kind"],
        )
        for kind, _ in _LINES:
            kinds.add_metric([kind], getattr(counts, kind))
        yield kinds
        share = beat.unknown / beat.recent if beat.recent else 0.0
        yield _gauge("unknown_head_ratio", "Their share of the last lines.", share)
        yield _counter("events", "Events that left.", counts.events)
        waiting, busy = beat.waiting, beat.busy or 0.0
        yield _gauge("queue_events", "Events being handed to the output.", waiting)
        yield _gauge("queue_seconds", "How long they have been waiting.", busy)
        yield _gauge("input_silent_seconds", "Since the last line came.", beat.silent)

    def _appliances(self) -> Iterator[Metric]:
        found = self._readings.appliances()
        label = ["appliance"]
        sessions = GaugeMetricFamily(
            "esa_auth_open_sessions", "Connections held.", labels=label
        )
        lag = GaugeMetricFamily(
            "esa_auth_lag_seconds",
            "From the time of the last line that a session could need to now.",
            labels=label,
        )
        for reading in found[:MOST_APPLIANCES]:
            sessions.add_metric([reading.name], reading.open_sessions)
            if reading.last:
                behind = max(0.0, self._readings.now() - reading.last)
                lag.add_metric([reading.name], behind)
        yield sessions
        yield lag
        yield _gauge(
            "appliances",
            f"Appliances seen; only {MOST_APPLIANCES} of them have labels.",
            len(found),
        )
        gone = self._readings.forgotten()
        evicted = gone.evicted + sum(a.evicted for a in found)
        expired = gone.expired + sum(a.expired for a in found)
        yield _counter("evictions", "Sessions forgotten at the cap.", evicted)
        yield _counter("expiries", "Sessions forgotten for their age.", expired)
        replaced = gone.replaced + sum(a.replaced for a in found)
        text = "Sessions whose number was opened again while they were open."
        yield _counter("replaced_sessions", text, replaced)
        for flag, (name, text) in _DOUBTS.items():
            count = sum(a.doubts.get(flag, 0) for a in found)
            yield _counter(name, text, getattr(gone, flag) + count)


def _handed_over(counts: dict[str, int]) -> Metric:
    found = CounterMetricFamily(
        "esa_auth_native_handed_over",
        "Lines that native code left to Python, by reason.",
        labels=["reason"],
    )
    for reason, count in counts.items():
        found.add_metric([reason], count)
    return found


def _part(part: Part) -> Iterator[Metric]:
    yield from _counted(part.prefix, part.counters)
    if part.trouble is not None:
        name = f"{part.prefix}up"
        yield _gauge(name, "0 while the receiver fails.", int(not part.trouble))


def _counted(prefix: str, counters: Any) -> Iterator[Metric]:
    """Yield what the fields of a dataclass say of themselves, see `counters.metric`."""
    for field in fields(counters):
        told = field.metadata
        if not told:
            continue
        name = prefix + (told["name"] or field.name)
        value = getattr(counters, field.name) * told["scale"]
        if told["times"]:
            yield SummaryMetricFamily(
                f"esa_auth_{name}",
                told["help"],
                count_value=getattr(counters, told["times"]),
                sum_value=value,
            )
        else:
            make = _gauge if told["level"] else _counter
            yield make(name, told["help"], value)
    for name, level in vars(type(counters)).items():
        if isinstance(level, Level):
            yield _gauge(prefix + name, level.__doc__ or "", getattr(counters, name))


def _tables(readings: Sequence[TableReading], now: float) -> Iterator[Metric]:
    label = ["table"]
    failures = CounterMetricFamily(
        "esa_auth_table_failures", "Files to look up in found bad.", labels=label
    )
    up = GaugeMetricFamily(
        "esa_auth_table_up", "0 while the file is bad or missing.", labels=label
    )
    age = GaugeMetricFamily(
        "esa_auth_table_age_seconds", "Since the one in use was written.", labels=label
    )
    for reading in readings:
        failures.add_metric([reading.name], reading.failures)
        up.add_metric([reading.name], int(not reading.failing))
        if reading.written is not None:
            age.add_metric([reading.name], max(0.0, now - reading.written))
    yield failures
    yield up
    yield age


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"esa_auth_{name}", text, value=value)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"esa_auth_{name}", text, value=value)


def _listeners(counters: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """Yield a family for each counter, with the address as label."""
    for name, text in _OF_LISTENERS.items():
        kind = GaugeMetricFamily if name == "open" else CounterMetricFamily
        family = kind(f"esa_auth_listen_{name}", text, labels=["listener"])
        for address, counts in counters.items():
            family.add_metric([address], counts[name])
        yield family

"""What each address of `listen` counts -> metrics with the address as label."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)

# By the name of a counter; `open` alone is a level.
_TEXTS = {
    "open": "Connections held.",
    "accepted": "Connections taken.",
    "refused": "Connections closed at once: there were as many as there may be.",
    "handshakes_failed": "Connections without TLS, or that took too long for it.",
    "received_bytes": "Bytes received.",
    "messages": "Lines, counted messages or datagrams received.",
    "broken": "Connections that ended inside a message.",
    "dropped": "Datagrams that the system dropped: its buffer was full.",
}


def listener_metrics(counters: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
    """Yield a family for each counter; ``counters`` is by address."""
    for name, text in _TEXTS.items():
        kind = GaugeMetricFamily if name == "open" else CounterMetricFamily
        family = kind(f"esa_auth_listen_{name}", text, labels=["listener"])
        for address, counts in counters.items():
            family.add_metric([address], counts[name])
        yield family

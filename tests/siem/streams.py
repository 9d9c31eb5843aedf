"""The corpora as streams of a node, filled once for all tests that only read them."""

from functools import cache

from tests.siem.planted import Event, events_of
from tests.siem.scenarios import SCENARIOS, TEN_AND_TEN, WEEKS, Scenario
from tests.siem.server import Server

CORPORA: dict[str, tuple[Scenario, ...]] = {
    "ten": TEN_AND_TEN,
    "days": SCENARIOS,
    "weeks": WEEKS,
}


@cache
def filled(node: Server, name: str) -> tuple[str, tuple[Event, ...]]:
    """Return the stream of a corpus, which the first who asks fills, and its events."""
    stream, events = f"logs-cisco_esa.auth-{name}", events_of(CORPORA[name])
    # Another worker may have them there, or be about to.
    assert {item["status"] for item in node.create(stream, events)} <= {201, 409}
    assert node.count(stream) == len(events)
    return stream, events

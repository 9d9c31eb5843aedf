"""The scenarios run through the real command, once for each corpus."""

from datetime import datetime
from functools import cache
from typing import Any

from tests.siem.scenarios import Corpus, Scenario, corpus
from tests.support.process import esa_auth

Event = dict[str, Any]


@cache
def events_of(scenarios: tuple[Scenario, ...]) -> tuple[Event, ...]:
    """Return the events of a corpus as `esa-auth filter` writes them."""
    ended = esa_auth("filter", "--appliance", "esa01", stdin=corpus(scenarios).text)
    account = ended.assert_complete()
    assert account.rejected == 0
    return tuple(sorted(ended.events, key=lambda event: str(event["@timestamp"])))


def span(events: tuple[Event, ...]) -> tuple[datetime, datetime]:
    """Return the times of the first and the last event."""
    first, last = events[0]["@timestamp"], events[-1]["@timestamp"]
    return datetime.fromisoformat(first), datetime.fromisoformat(last)


def expected(of: Corpus, rule: str) -> set[tuple[str, ...]]:
    """Return what a rule must name in a corpus."""
    return set(of.expected.get(rule, frozenset()))

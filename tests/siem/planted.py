"""The scenarios run through the real command, once for each corpus."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from typing import Any

from tests.siem.scenarios import Corpus, Scenario, corpus, joined
from tests.support.process import esa_auth

Event = dict[str, Any]

# A forged stamp must not move a line of another day; a log that is days long is no live
# one, and the time of a dead letter is that of its reading.
READ_AT = "2026-03-02T10:00:00.000Z"


@cache
def events_of(scenarios: tuple[Scenario, ...]) -> tuple[Event, ...]:
    """Return the events of a corpus as `esa-auth filter` writes them, by their times.

    Dead letters are among them, as of a site that sends them to the same stream.
    """
    logs = corpus(scenarios).logs
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        events = [e for some in pool.map(_read, logs, logs.values()) for e in some]
    return tuple(sorted(events, key=lambda event: str(event["@timestamp"])))


def _read(appliance: str, lines: tuple[str, ...]) -> list[Event]:
    options = ("--appliance", appliance, "--report-every", "100")
    ended = esa_auth("filter", *options, stdin=joined(lines))
    ended.assert_complete()
    return ended.events + [_letter(letter) for letter in ended.letters]


def _letter(letter: Event) -> Event:
    """Return a dead letter as of the time of its log, and with an id to index it by."""
    name, about = letter["observer"]["name"], letter["event"]
    about = about | {"id": f"{name}:{about['hash']}"}
    return letter | {"@timestamp": READ_AT, "event": about}


def span(events: tuple[Event, ...]) -> tuple[datetime, datetime]:
    """Return the times of the first and the last event."""
    first, last = events[0]["@timestamp"], events[-1]["@timestamp"]
    return datetime.fromisoformat(first), datetime.fromisoformat(last)


def expected(of: Corpus, rule: str) -> set[tuple[str, ...]]:
    """Return what a rule must name in a corpus."""
    return set(of.expected.get(rule, frozenset()))

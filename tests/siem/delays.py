"""Events that come late, and what a rule that runs on a schedule sees of them."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from conf.build.arrival import interval, reach
from conf.build.detections import Detection

from tests.siem.log import Log, Named
from tests.siem.planted import Event
from tests.siem.scenarios import Scenario

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Delay:
    """So many minutes late, or, of hourly files, so many after the end of the hour."""

    minutes: int
    hourly: bool = False

    @property
    def name(self) -> str:
        """How a test calls it."""
        return f"{'hourly files, ' if self.hourly else ''}{self.minutes} min"

    def arrival(self, event: Event) -> datetime:
        """Return when an event reaches the index."""
        at = datetime.fromisoformat(event["@timestamp"])
        if self.hourly:
            at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return at + timedelta(minutes=self.minutes)

    @property
    def esql(self) -> str:
        """The same in ES|QL."""
        if self.hourly:
            return f"DATE_TRUNC(1 hour, @timestamp) + {60 + self.minutes} minutes"
        return f"@timestamp + {self.minutes} minutes"

    @property
    def kusto(self) -> str:
        """The same in KQL."""
        if self.hourly:
            return f"bin(at, 1h) + {60 + self.minutes}m"
        return f"at + {self.minutes}m"


DELAYS = (*(Delay(n) for n in (0, 2, 6, 12, 65)), Delay(5, hourly=True))


def on_schedule(query: str, detection: Detection, delay: Delay) -> str:
    """Return an ES|QL query that answers for all runs of its schedule at once.

    Each event is put into every run that sees it (it has come, and is within the
    look-back), and whatever is grouped is grouped by the run, too. What a run finds is
    what the query itself would find in it.
    """
    every, back = interval(detection), reach(detection)
    number = back // every + 1
    wide = math.isqrt(number) + 1
    _, source, where, *rest = query.strip().splitlines()
    grouped = [re.sub(r"(?<=STATS )(.*)$", r"\1, run", step) for step in rest]
    steps = [
        f"EVAL soonest = DATE_TRUNC({every} minutes, {delay.esql}) + {every} minutes",
        *_spread("later", "soonest", range(0, number * every, wide * every)),
        *_spread("run", "later", range(0, wide * every, every)),
        f"WHERE run < @timestamp + {back} minutes",
    ]
    return "\n".join([source, where, *(f"| {step}" for step in steps), *grouped])


def kusto_on_schedule(query: str, detection: Detection, delay: Delay) -> str:
    """Return the same of a query in KQL: Sentinel shows a run what has come by then.

    And of that only what is within the period of the rule, by `TimeGenerated`, which
    is the time of the event (`conf/sentinel/transform.kql`).
    """
    every, back = interval(detection), reach(detection)
    numbers = ", ".join(map(str, range(back // every + 1)))
    head, source, where, *rest = query.strip().splitlines()
    grouped = [re.sub(r"^(\| summarize .*)$", r"\1, run", step) for step in rest]
    steps = [
        f"| extend soonest = bin({delay.kusto}, {every}m) + {every}m",
        f"| mv-expand later = dynamic([{numbers}]) to typeof(long)",
        f"| extend run = soonest + later * {every}m",
        f"| where run < at + {back}m",
    ]
    return "\n".join([head, source, where, *steps, *grouped])


def runs(events: Iterable[Event], delay: Delay, every: int) -> list[datetime]:
    """Return the runs of a schedule that are the first to see an event."""
    arrivals = (delay.arrival(event).timestamp() for event in events)
    step = 60 * every
    ends = sorted({-(-at // step) * step for at in arrivals})
    return [datetime.fromtimestamp(end, UTC) for end in ends]


def seen(
    events: Iterable[Event], delay: Delay, run: datetime, back: int
) -> tuple[Event, ...]:
    """Return the events that a run sees which looks ``back`` so many minutes."""
    since = run - timedelta(minutes=back)
    return tuple(
        event
        for event in events
        if datetime.fromisoformat(event["@timestamp"]) > since
        if delay.arrival(event) <= run
    )


def _spread(name: str, begin: str, minutes: range) -> list[str]:
    values = begin
    for number in minutes[1:]:
        values = f"MV_APPEND({values}, {begin} + {number} minutes)"
    return [f"EVAL {name} = {values}", f"MV_EXPAND {name}"]


def spans(scenarios: tuple[Scenario, ...], rule: str) -> list[Span]:
    """Return from when to when those scenarios last that are about a rule."""
    found = []
    for scenario in scenarios:
        log = Log(scenario.begin, count(1), scenario.appliance)
        keys = list(scenario.build(log) or ())
        others = {key.rule for key in keys if isinstance(key, Named)}
        if rule in {scenario.rule, *others}:
            times = [at for at, _ in log.lines]
            found.append((min(times), max(times)))
    return found

"""What the program says of each line, and what the slow joiner says of it."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest

from tests.differential.joiner import Joiner, Said
from tests.differential.traffic import START, Faults, lines
from tests.soak.sizes import show, size
from tests.support.harness import (
    SETTINGS,
    Event,
    ended,
    made,
    taken,
)

REFERENCE = START + 40 * 86_400
LINES = size(40_000, 2_000_000)
FAULTS = {
    "in order": Faults(),
    "lost and doubled": Faults(lost=0.05, doubled=0.05),
    "out of order": Faults(disorder=3),
    "everything late": Faults(lost=0.05, doubled=0.05, disorder=4, close_lost=0.2),
    "numbers used again": Faults(numbers=40, close_lost=0.3, lost=0.1),
    "reboots": Faults(reboot_every=400, close_lost=0.1),
    "clocks set": Faults(
        reboot_every=400, clock_jump=9 * 3600, close_lost=0.1, lost=0.05
    ),
    "cut": Faults(cut=1.0),
    "without a year": Faults(iso=False, lost=0.02, disorder=2),
    "all": Faults(
        lost=0.05,
        doubled=0.03,
        disorder=3,
        numbers=60,
        reboot_every=900,
        clock_jump=4 * 3600,
        close_lost=0.2,
        cut=0.5,
    ),
}
_INBOUND_COUNTS = ("attempts", "failures", "users", "messages", "recipients")
_OUTBOUND_COUNTS = ("attempts", "failures", "delivered")


def of_event(event: Event) -> Said:
    """Return what an event of the program says, in the joiner's words."""
    own, about = event["cisco_esa"], event["event"]
    inbound = "icid" in own
    counts: tuple[int, ...] = ()
    at = int(datetime.fromisoformat(event["@timestamp"]).timestamp())
    if summary := own.get("summary"):
        names = _INBOUND_COUNTS if inbound else _OUTBOUND_COUNTS
        counts = tuple(summary[name] for name in names)
        if own["session"].get("closed") is False:
            at = -1
    return Said(
        action=about["action"],
        host=event["observer"]["name"],
        number=own["icid" if inbound else "dcid"],
        at=at,
        outcome=about.get("outcome"),
        user=event.get("user", {}).get("name"),
        client=event.get("source", {}).get("ip") if inbound else None,
        server=None if inbound else event.get("destination", {}).get("ip"),
        tls=event.get("tls", {}).get("established"),
        group=event.get("rule", {}).get("name"),
        context=own["session"]["context"],
        counts=counts,
    )


@pytest.mark.parametrize("name", FAULTS)
def test_the_program_says_what_the_slow_joiner_says(name: str) -> None:
    pipeline = made(replace(SETTINGS, reference=REFERENCE))
    joiner = Joiner(REFERENCE)
    given = 0
    events: list[Said] = []
    for line in lines(1, LINES // len(FAULTS), FAULTS[name]):
        given += 1
        pipeline.feed([line])
        joiner.feed(line)
        events += map(of_event, taken(pipeline))
    pipeline.drain()
    joiner.finish()
    run = ended(pipeline)
    events += map(of_event, run.events)
    results = [said for said in events if said.action != "smtp-session-end"]
    assert results == joiner.results
    ends = Counter(said for said in events if said.action == "smtp-session-end")
    assert ends == Counter(joiner.ends)
    show(f"differential, {name}", lines=given, results=len(results), ends=ends.total())
    count = run.counters
    assert count.rejected == joiner.refused
    assert count.lines == given
    assert given == (
        count.results + count.ancillary + count.context + count.ignored + count.rejected
    )

"""Where enrichers stand: before validation, and nowhere for those who have none."""

import copy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.enrich import Enricher, Table, directory, zones
from esa_auth.enrich.directory import Directory
from esa_auth.enrich.enrichment import Enrichment
from esa_auth.enrich.geo import Geo, location, system, table
from esa_auth.enrich.zones import Zones
from esa_auth.model.document import Context, Document
from tests.support.golden_cases import golden_events
from tests.support.harness import (
    SETTINGS,
    inbound,
    made,
    native,
    opened,
    run,
    taken,
)
from tests.support.mmdb import PROVIDER, TOWN

LINES = [native(body) for body in [*opened(), inbound(), inbound(user="bob")]]
EVENTS = [event for _, event in golden_events()]


class Adds:
    """Adds a field that no event may have."""

    table: Table | None = None
    of_context = False

    def __call__(self, event: dict[str, Any], /) -> None:
        """See `Enricher`."""
        if event["event"]["type"] == ["start"]:
            event["weather"] = "rain"


def every_enricher() -> list[Enricher]:
    place, network = Geo(), Geo()
    zone, people = Zones(), Directory()
    place.table = table(lambda _: TOWN, location)
    network.table = table(lambda _: PROVIDER, system)
    zone.table = zones.parse(b"0.0.0.0/0 external All\n::/0 external All\n")
    people.table = directory.parse(
        b"user.name,user.id,user.email,user.group.name\nann,7,ann@example.org,staff\n"
    )
    return [place, network, zone, people]


def every() -> Enrichment:
    return Enrichment(every_enricher())


def test_what_an_enricher_adds_is_validated() -> None:
    ran = run(LINES, replace(SETTINGS, enrich=Enrichment([Adds()])))
    ran.assert_accounted()
    assert ran.results == []
    assert ran.counters.rejected == ran.counters.invalid_events == 2
    assert {letter["error"]["type"] for letter in ran.dead} == {"invalid_event"}
    assert "weather" in ran.dead[0]["error"]["message"]


def test_a_new_table_is_used_within_a_session() -> None:
    zone = Zones()
    enrichment = Enrichment([zone])
    pipeline = made(replace(SETTINGS, enrich=enrichment))
    names = []
    for text in (None, b"198.51.100.7 internal A", b"198.51.100.0/24 internal B"):
        zone.table = zones.parse(text) if text else None
        enrichment.forget()
        pipeline.feed(LINES if text is None else LINES[2:])
        names += [e["network"].get("name") for e in taken(pipeline)]
    assert names == [None, None, "A", "A", "B", "B"]


def test_events_of_one_context_share_what_is_added_and_nothing_else_changes() -> None:
    lines = [*LINES, *[line.replace(b"450", b"451") for line in LINES]]
    enrichment = every()
    bare, ran = run(lines), run(lines, replace(SETTINGS, enrich=enrichment))
    ran.assert_accounted()
    assert len(ran.events) == len(bare.events) == 6
    for less, more in zip(bare.events, ran.events, strict=True):
        assert _part_of(less, more)
        assert more["source"]["geo"]["city_name"] == "Munich"
        assert more["cisco_esa"]["zone"] == "external"
    # Both sessions were opened alike: asked once for all six events.
    assert len(enrichment._known) == 1
    # They were looked up for others; who looks nothing up does not see it.
    assert run(lines).events == bare.events


def test_what_an_event_says_itself_stays() -> None:
    parts = {"network": {"direction": "ingress"}, "source": {"ip": "198.51.100.7"}}
    own = {"cisco_esa": {"zone": "its own", "icid": 450}}
    found = every()(Document(own, Context(parts, {}, {}))).own
    assert found["cisco_esa"] == {"zone": "its own", "icid": 450}


def test_contexts_without_end_are_not_all_remembered() -> None:
    enrichment = every()
    for number in range(4096 + 10):
        parts = {
            "network": {"direction": "ingress"},
            "source": {"ip": f"2001:db8::{number:x}"},
        }
        document = Document({"cisco_esa": {}}, Context(parts, {}, {}))
        assert enrichment(document).context.parts["source"]["geo"]
    assert len(enrichment._known) == 10


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(EVENTS), st.permutations(every_enricher()))
def test_an_enricher_only_adds(event: dict[str, Any], order: list[Enricher]) -> None:
    enriched = copy.copy(event)
    before = copy.deepcopy(event)
    for enrich in order:
        enrich(enriched)
    # The parts are shared with other events.
    assert event == before
    assert _part_of(event, enriched)
    ids = ("id", "hash", "original")
    assert [event["event"].get(k) for k in ids] == [
        enriched["event"].get(k) for k in ids
    ]
    again = copy.copy(enriched)
    for enrich in order:
        enrich(again)
    assert again == enriched


def _part_of(less: Any, more: Any) -> bool:
    """Whether ``more`` says all that ``less`` says."""
    if not isinstance(less, dict) or not isinstance(more, dict):
        return bool(less == more)
    return all(key in more and _part_of(less[key], more[key]) for key in less)

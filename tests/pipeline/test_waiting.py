"""`join.wait`: what comes late within it counts, and nothing hangs on when it came."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import pairwise, permutations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from esa_auth.model.document import Document
from esa_auth.pipeline import Pipeline, Settings
from esa_auth.pipeline.replay import Replay
from esa_auth.privacy import REDACTED
from tests.pipeline.examples import FEW
from tests.support.harness import (
    SETTINGS,
    TLS,
    WAIT,
    Event,
    Run,
    ended,
    inbound,
    made,
    native,
    opened,
    run,
    syslog,
    taken,
)
from tests.support.strategies import Script, by_time, scripts, shuffled

OPENING = [*opened(), TLS]


def resumed(parts: Sequence[Sequence[bytes]], told: Settings = WAIT) -> Run:
    """Run each part in a pipeline of its own that takes up what the last one saved."""
    events: list[Event] = []
    dead: list[Event] = []
    total = Counter[str]()
    saved = msgpack.packb({})
    for number, lines in enumerate(parts, 1):
        pipeline = made(told)
        pipeline.restore(msgpack.unpackb(saved, strict_map_key=False))
        pipeline.feed(lines)
        if number == len(parts):
            pipeline.drain()
        one = ended(pipeline)
        one.assert_accounted()
        events, dead = events + one.events, dead + one.dead
        total.update(asdict(one.counters))
        saved = msgpack.packb(pipeline.snapshot())
    # What waits at a stop is no count of the whole.
    del total["held"]
    counters = made().counters
    for name, count in total.items():
        setattr(counters, name, count)
    return Run(events, dead, counters)


def about(event: Event) -> tuple[str, str]:
    """Return what an order of lines may not change: all but the count of events."""
    rest = {k: v for k, v in event["event"].items() if k != "sequence"}
    return event["event"]["id"], repr(sorted({**event, "event": rest}.items()))


@pytest.mark.parametrize("frame", [native, syslog])
def test_any_order_within_a_second_gives_the_same_events(
    frame: Callable[[bytes], bytes],
) -> None:
    auth = [inbound(), inbound(user="ben"), inbound()]
    close = frame(b"ICID 450 close")
    wanted = run([*map(frame, [*OPENING, *auth]), close], SETTINGS)
    assert {e["cisco_esa"]["session"]["context"] for e in wanted.results} == {
        "complete"
    }
    seen = 0
    for order in set(permutations([*OPENING, *auth])):
        got = run([*map(frame, order), close], WAIT)
        got.assert_accounted()
        assert sorted(map(about, got.events[:-1])) == sorted(
            map(about, wanted.events[:-1])
        )
        assert [e["event"]["sequence"] for e in got.events] == [1, 2, 3, 4]
        seen += run([*map(frame, order), close]).events != wanted.events
    # Without it the order is seen.
    assert seen > 100


@FEW
@given(scripts(), st.data())
def test_a_stop_changes_nothing(sessions: list[Script], data: st.DataObject) -> None:
    lines = by_time(sessions)
    whole = run(lines, WAIT)
    whole.assert_accounted()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=4)))
    edges = [0, *cuts, len(lines)]
    parts = [lines[a:b] for a, b in pairwise(edges)]
    got = resumed(parts)
    assert got.events == whole.events
    assert got.counters == whole.counters


@FEW
@given(scripts())
def test_the_same_lines_make_events_of_the_same_ids(sessions: list[Script]) -> None:
    lines = by_time(sessions)
    waited, at_once = run(lines, WAIT), run(lines)
    ids = [sorted(e["event"]["id"] for e in one.events) for one in (waited, at_once)]
    assert ids[0] == ids[1]
    assert waited.counters == at_once.counters


@FEW
@given(st.data())
def test_events_of_a_session_keep_the_order_of_its_lines(data: st.DataObject) -> None:
    """Also where the clock goes to and fro."""
    lines = data.draw(shuffled(data.draw(scripts(no_line_twice=True))))
    got = run(lines, WAIT)
    got.assert_accounted()
    for number in {e["cisco_esa"]["session"]["id"] for e in got.events}:
        own = [e for e in got.events if e["cisco_esa"]["session"]["id"] == number]
        assert [e["event"]["sequence"] for e in own] == list(range(1, len(own) + 1))
        said = [e["event"].get("original") for e in own]
        places = [lines.index(text.encode()) for text in said if text]
        assert places == sorted(places)


def test_an_event_leaves_when_a_line_behind_its_wait_is_read() -> None:
    pipeline = made(WAIT)
    pipeline.feed([native(inbound(), 10)])
    for second in (10, 11, 12):
        pipeline.feed([native(opened(second)[0], second)])
        assert taken(pipeline) == []
        assert pipeline.counters.lines == pipeline.counters.context
    pipeline.feed([native(opened(13)[0], 13)])
    (event,) = taken(pipeline)
    assert event["@timestamp"].endswith(":10.000Z")
    assert pipeline.counters.lines == pipeline.counters.context + 1


def test_lines_of_another_appliance_move_no_time() -> None:
    pipeline = made(WAIT)
    pipeline.feed([syslog(inbound(), 1, "esa01"), syslog(opened()[0], 59, "esa02")])
    assert taken(pipeline) == []
    pipeline.feed([syslog(opened(7)[0], 59, "esa01")])
    assert len(taken(pipeline)) == 1


def test_a_clock_that_is_set_back_keeps_no_event() -> None:
    pipeline = made(WAIT)
    pipeline.feed([native(inbound(), 1000), native(opened(7)[0], 1)])
    assert len(taken(pipeline)) == 1


def test_what_waits_no_more_is_written_at_the_next_start() -> None:
    first = made(WAIT)
    first.feed([native(inbound()), native(TLS)])
    assert taken(first) == []
    second = made(SETTINGS)
    second.restore(first.snapshot())
    (event,) = taken(second)
    assert event["tls"]["established"] is True
    assert (second.counters.lines, second.counters.results) == (1, 1)
    assert len(second.registry.named("esa").waiting) == 0


def test_a_version_that_is_named_meanwhile_is_not_of_the_lines_before() -> None:
    def version(text: str) -> bytes:
        return native(f"Version: {text} SN: 0000-esa")

    first = [version("14.0.0-698"), *map(native, OPENING), native(inbound())]
    got = run([*first, version("15.5.1-055"), native(inbound(user="ben"))], WAIT)
    assert [e["observer"]["version"] for e in got.events] == [
        "14.0.0-698",
        "15.5.1-055",
        "15.5.1-055",
    ]


def spoiled(document: Document) -> Document:
    """Add what the schema has no place for."""
    return document._replace(own={**document.own, "weather": "fair"})


def test_an_event_that_is_refused_is_a_letter_of_its_own_line() -> None:
    """Lines like it were counted behind it; a replay gives each its own id."""
    lines = [native(inbound())] * 3
    wanted = [e["event"]["id"] for e in run(lines).results]
    pipeline = made(replace(WAIT, enrich=spoiled))
    pipeline.feed(lines)
    assert pipeline.counters.lines == pipeline.counters.ignored == 0
    pipeline.drain()
    got = ended(pipeline)
    got.assert_accounted()
    assert got.counters.rejected == got.counters.lines == 3
    ordinals = [x["cisco_esa"]["replay"]["ordinal"] for x in got.dead[:3]]
    assert ordinals == [0, 1, 2]

    again = made(SETTINGS)
    replay = Replay(again)
    for ordinal in ordinals:
        known = ReplayHints(None, ordinal, None, None)
        replay.feed(DeadLetter(lines[0], "invalid_event", ("as told",), "esa", known))
    assert [e["event"]["id"] for e in taken(again)] == wanted


def test_no_name_is_in_the_state_that_is_not_in_an_event() -> None:
    covered = replace(WAIT, id_key=b"i" * 32, pseudonym_key=b"k" * 32, redact=True)
    lines = [native(inbound(user="annabel@example.com")), native(inbound(user="P@ss1"))]
    lines += [native(inbound(user="Summer-2024-!"))]
    lines += [
        native("SMTP Auth: (ICID 450) LDAP query/user lookup failed for user: ab")
    ]
    pipeline = made(covered)
    pipeline.feed(lines)
    saved: bytes = msgpack.packb(pipeline.snapshot())
    assert len(pipeline.registry.named("esa").waiting) == 4
    for name in (b"annabel", b"P@ss1", b"Summer-2024", b"user: ab"):
        assert name not in saved
    assert REDACTED.encode() in saved
    got = resumed([lines, [native(TLS)]], covered)
    assert got.events == run([*lines, native(TLS)], covered).events
    assert {e["tls"]["established"] for e in got.results} == {True}


def test_enrichers_see_what_came_late() -> None:
    seen: list[object] = []

    def enrich(document: Document) -> Document:
        seen.append(document.context.parts.get("tls"))
        return document

    pipeline: Pipeline = made(replace(WAIT, enrich=enrich))
    pipeline.feed([native(inbound()), native(TLS)])
    pipeline.drain()
    assert len(ended(pipeline).events) == 2
    assert seen[0] is not None
    assert seen[0] == seen[1]

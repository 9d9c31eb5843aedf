"""`join.wait`: what comes late within it counts, and nothing hangs on when it came."""

import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import pairwise, permutations
from pathlib import Path

import msgpack
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.ecs import dead_letter
from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from esa_auth.model.document import Document
from esa_auth.pipeline import Pipeline, Settings, waiting
from esa_auth.pipeline.replay import Replay
from esa_auth.privacy import REDACTED
from tests.support.harness import (
    READ_AT,
    SETTINGS,
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
from tests.support.process import Running, esa_auth
from tests.support.strategies import Script, by_time, scripts, shuffled

WAIT = replace(SETTINGS, wait=2)
TLS = b"ICID 450 TLS success protocol TLSv1.2 cipher AES128-SHA"
OPENING = [*opened(), TLS]
FEW = settings(max_examples=60, deadline=None)


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


@pytest.mark.parametrize(("held", "size"), [(5, 1 << 22), (4096, 1000)])
def test_a_flood_is_not_held(
    monkeypatch: pytest.MonkeyPatch, held: int, size: int
) -> None:
    monkeypatch.setattr(waiting, "MOST_HELD", held)
    monkeypatch.setattr(waiting, "MOST_BYTES", size)
    pipeline, largest = made(WAIT), 0
    lines = [native(inbound(icid, f"u{icid}")) for icid in range(1, 200)]
    for line in lines:
        pipeline.feed([line])
        of = pipeline.registry.named("esa").waiting
        largest = max(largest, len(of))
    assert largest == min(held, size // len(lines[-1]))
    pipeline.drain()
    got = ended(pipeline)
    got.assert_accounted()
    assert [e["user"]["name"] for e in got.results] == [f"u{n}" for n in range(1, 200)]


def test_sessions_that_are_too_many_end_with_what_was_held_of_them() -> None:
    lines = [native(inbound(icid, f"u{icid}")) for icid in range(1, 600)]
    got = run(lines, replace(WAIT, cap=100))
    got.assert_accounted()
    assert len(got.results) == 599
    for number in range(1, 600):
        assert [e["event"]["type"] for e in got.of("esa", "icid", number)] == [
            ["start"],
            ["end"],
        ]


def test_appliances_that_are_too_many_go_with_what_was_held_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("esa_auth.pipeline.registry.MOST_APPLIANCES", 32)
    got = run([syslog(inbound(), 0, f"esa{n}") for n in range(100)], WAIT)
    got.assert_accounted()
    assert len(got.results) == len(got.events) // 2 == 100


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


@pytest.mark.parametrize("stop", [signal.SIGTERM, None])
def test_filter_ends_with_what_is_held(tmp_path: Path, stop: int | None) -> None:
    config = tmp_path / "wait.yaml"
    config.write_text("join: {wait: 60}\n")
    with Running("filter", "--config", str(config)) as running:
        # It is no session's: nothing of it can come late.
        running.feed([native(inbound(0))])
        running.next_event()
        running.feed([native(inbound()), native(TLS)])
        if stop:
            running.signal(stop)
        running.close_stdin()
        done = running.finish()
    account = done.assert_complete()
    assert (account.lines, account.results, account.session_ends) == (3, 2, 1)
    assert done.events[1]["tls"]["established"] is True


def test_filter_takes_up_what_was_held(tmp_path: Path) -> None:
    """And the account of each process is of what it wrote."""
    config = tmp_path / "wait.yaml"
    config.write_text("join: {wait: 60}\n")
    words = ("--config", str(config), "--state-dir", str(tmp_path / "state"))
    first = esa_auth("filter", *words, stdin=native(inbound()) + b"\n")
    assert first.assert_complete().lines == 0
    later = b"\n".join([native(TLS), native("ICID 450 close", 1), b""])
    second = esa_auth("filter", *words, stdin=later)
    assert second.assert_complete().lines == 3
    assert [e["tls"]["established"] for e in second.events] == [True, True]


def test_tail_writes_what_waits_no_more_without_another_line(tmp_path: Path) -> None:
    log, config = tmp_path / "mail_logs", tmp_path / "wait.yaml"
    log.write_bytes(native(inbound(0)) + b"\n" + native(inbound()) + b"\n")
    config.write_text("join: {wait: 60}\n")
    words = ["tail", str(log), "--state-dir", str(tmp_path / "state")]
    with Running(*words, "--config", str(config)) as waits:
        assert waits.next_event()["cisco_esa"].get("icid") is None
        waits.signal(signal.SIGTERM)
        assert waits.finish().account.lines == 1
    with Running(*words) as hurries:
        assert hurries.next_event()["cisco_esa"]["icid"] == 450
        hurries.signal(signal.SIGTERM)
        assert hurries.finish().account.results == 1


def test_lines_that_are_read_alone_wait_for_nothing(tmp_path: Path) -> None:
    """A dead letter that is replayed, and a line to be explained."""
    config, letters = tmp_path / "wait.yaml", tmp_path / "dead"
    config.write_text("join: {wait: 60}\n")
    line = native(inbound())
    hints = ReplayHints(None, 0, None, None)
    letter = dead_letter(
        DeadLetter(line, "invalid_event", ("as told",), "esa", hints), READ_AT
    )
    letters.write_bytes(orjson.dumps(letter) + b"\n")
    done = esa_auth("replay", "--config", str(config), str(letters))
    (event,) = done.events
    assert event["event"]["id"] == run([line]).results[0]["event"]["id"]
    assert "1 lines = 1 results" in done.stderr
    shown = esa_auth("explain", "--config", str(config), line.decode())
    assert "it becomes" in shown.stdout.decode()


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


@pytest.mark.parametrize("got_in", [True, False])
def test_a_name_that_logged_in_stays_in_the_end_of_its_session(got_in: bool) -> None:
    """It failed as well, and then another one succeeded from the same place."""
    settings = replace(SETTINGS, id_key=b"i" * 32, redact=True, redact_wait=60)
    first = [inbound(450, "ann", "succeeded")] if got_in else []
    bodies = [
        *opened(450),
        *first,
        inbound(450, "ann"),
        *opened(451),
        inbound(451, "ben", "succeeded"),
        b"ICID 450 close",
        b"ICID 451 close",
    ]
    found = run([native(body) for body in bodies], settings)
    ends = [e for e in found.events if e["event"]["action"] == "smtp-session-end"]
    (users,) = [e["related"]["user"] for e in ends if e["cisco_esa"]["icid"] == 450]
    assert users == (["ann"] if got_in else [REDACTED])

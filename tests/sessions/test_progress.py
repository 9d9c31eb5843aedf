"""Reports on open sessions: when, with what, the same ones over stops and replays."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import msgpack
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.formats import converter
from esa_auth.formats.cim import cim_event
from esa_auth.pipeline import Pipeline, ReportEvery, Settings
from esa_auth.pipeline.ledger import Ledger
from esa_auth.validation import EventSchema
from tests.differential.joiner import Joiner
from tests.differential.test_differential import FAULTS, REFERENCE, of_event
from tests.differential.traffic import lines as traffic
from tests.support.harness import (
    SETTINGS,
    Event,
    ended,
    inbound,
    made,
    native,
    opened,
    run,
    syslog,
    taken,
)

PROGRESS = "smtp-session-progress"
EVERY_TEN = replace(SETTINGS, report_every=ReportEvery(recipients=10))


def message(mid: int, recipients: int, second: int, icid: int = 450) -> list[bytes]:
    """Return the lines of one message."""
    bodies = [
        f"Start MID {mid} ICID {icid}",
        f"MID {mid} ICID {icid} From: <sender@example.com>",
        *(
            f"MID {mid} ICID {icid} RID {n} To: <to{n}@example.org>"
            for n in range(recipients)
        ),
        f"MID {mid} ready 100 bytes from <sender@example.com>",
    ]
    return [native(body, second) for body in bodies]


def session(*messages: tuple[int, int]) -> list[bytes]:
    """Return the lines of an open session that sent (recipients, second)."""
    head = [*map(native, opened()), native(inbound(outcome="succeeded"), 1)]
    sent = [message(10 + n, *one) for n, one in enumerate(messages)]
    return [*head, *(line for lines in sent for line in lines)]


def reports(events: list[Event]) -> list[Event]:
    return [e for e in events if e["event"]["action"] == PROGRESS]


def test_nine_hundred_recipients_are_seen_before_the_session_ends() -> None:
    pipeline = made(replace(SETTINGS, report_every=ReportEvery(recipients=100)))
    pipeline.feed(session(*((100, 2 + n) for n in range(9))))
    found = reports(taken(pipeline))
    told = [e["cisco_esa"]["summary"]["recipients"] for e in found]
    assert told == [100 * n for n in range(1, 10)]
    assert {e["source"]["ip"] for e in found} == {"198.51.100.7"}
    assert {e["user"]["name"] for e in found} == {"ann"}
    assert pipeline.counters.session_ends == 0
    assert pipeline.counters.session_progress == 9


def test_nothing_is_reported_unless_it_is_asked_for() -> None:
    got = run(session((900, 2)))
    got.assert_accounted()
    assert reports(got.events) == []


def test_a_session_without_an_attempt_is_not_reported() -> None:
    """Its end is not told either: a notice alone is no try of anybody."""
    notice = "SMTP Auth: (ICID 450) LDAP query/user lookup failed for user: ann"
    lines = [*map(native, opened()), native(notice, 1), *message(1, 20, 2)]
    got = run(lines, EVERY_TEN)
    got.assert_accounted()
    assert [e["event"]["action"] for e in got.events] == ["smtp-auth-backend-error"]


def test_the_other_events_are_what_they_are_without_reports() -> None:
    lines = [*session((9, 2), (1, 3), (25, 4)), native("ICID 450 close", 9)]
    plain, got = run(lines), run(lines, EVERY_TEN)
    got.assert_accounted()
    assert [e["cisco_esa"]["summary"]["recipients"] for e in reports(got.events)] == [
        10,
        35,
    ]
    others = [e for e in got.events if e["event"]["action"] != PROGRESS]
    assert [_unnumbered(e) for e in others] == [_unnumbered(e) for e in plain.events]
    numbers = [e["event"]["sequence"] for e in got.events]
    assert numbers == list(range(1, len(numbers) + 1))
    lines_of = replace(got.counters, session_progress=0)
    assert lines_of == plain.counters


def _unnumbered(event: Event) -> Event:
    about = {k: v for k, v in event["event"].items() if k != "sequence"}
    return {**event, "event": about}


def test_an_id_is_that_of_its_line_whatever_the_figures_are() -> None:
    lines = session(*((10, 2 + n) for n in range(9)))
    every = {
        n: {
            e["cisco_esa"]["summary"]["recipients"]: e["event"]["id"]
            for e in reports(
                run(lines, replace(SETTINGS, report_every=ReportEvery(n))).events
            )
        }
        for n in (10, 30)
    }
    assert every[30] == {k: v for k, v in every[10].items() if not k % 30}
    assert len(every[10]) == len(set(every[10].values())) == 9


def test_a_line_that_came_twice_has_two_ids() -> None:
    """Deliveries of one second may be written alike."""
    opened_there = [
        "New SMTP DCID 5 interface 192.0.2.1 address 203.0.113.9 port 25",
        "DCID: 5 IP: 203.0.113.9 SMTP authentication using the profile relay succeeded",
        *["Message done DCID 5 MID 1 to RID [0]"] * 3,
    ]
    wanted = replace(SETTINGS, report_every=ReportEvery(recipients=1))
    got = run(map(native, opened_there), wanted)
    got.assert_accounted()
    found = reports(got.events)
    assert [e["cisco_esa"]["summary"]["delivered"] for e in found] == [1, 2, 3]
    assert len({e["event"]["id"] for e in found}) == 3


def test_a_line_end_changes_no_id() -> None:
    plain = session((10, 2))
    ended_so = [line + b"\r" for line in plain]
    ids = [
        [e["event"]["id"] for e in reports(run(lines, EVERY_TEN).events)]
        for lines in (plain, ended_so)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 1


def test_it_shows_nothing_of_the_mail() -> None:
    got = run(session((10, 2)), EVERY_TEN)
    text = orjson.dumps(reports(got.events)).decode()
    assert "sender@example.com" not in text
    assert "to0@example.org" not in text


def test_a_name_that_is_covered_stays_covered() -> None:
    covered = replace(EVERY_TEN, id_key=b"i" * 32, pseudonym_key=b"k" * 32, redact=True)
    got = run(session((10, 2)), covered)
    (report,) = reports(got.events)
    assert report["user"]["name"].startswith("pn-")
    assert report["related"]["user"] == [report["user"]["name"]]


def test_a_mistyped_password_is_not_told_by_a_report() -> None:
    """Of a session that fails and relays all the same, until somebody gets in."""
    wanted = replace(EVERY_TEN, id_key=b"i" * 32, redact=True, redact_wait=60)
    lines = [
        *map(native, opened()),
        native(inbound(user="hunterss"), 1),
        *message(1, 10, 2),
        native(inbound(outcome="succeeded"), 3),
        *message(2, 10, 4),
    ]
    got = run(lines, wanted)
    got.assert_accounted()
    assert "hunterss" not in orjson.dumps([got.events, got.dead]).decode()
    first, second = reports(got.events)
    assert first["related"]["user"] == ["[redacted]"]
    assert "user" not in first
    assert second["user"]["name"] == "ann"
    assert [e["event"]["sequence"] for e in got.events] == [1, 2, 3, 4, 5]
    # And not by what is saved of it while it waits.
    pipeline = made(wanted)
    pipeline.feed(lines[:16])
    assert pipeline.registry.named("esa").waiting.sessions
    assert b"hunterss" not in msgpack.packb(pipeline.snapshot())


@pytest.mark.parametrize("schema", ["ocsf", "cim"])
def test_other_schemas_have_it(schema: str) -> None:
    (report,) = reports(run(session((10, 2)), EVERY_TEN).events)
    convert = converter(schema)
    assert convert is not None
    record = convert(report)
    if schema == "ocsf":
        assert (record["activity_id"], record["activity_name"]) == (99, PROGRESS)
        assert record["unmapped"]["cisco_esa"]["summary"]["recipients"] == 10
        assert "status_id" not in record
    else:
        assert record["signature"] == PROGRESS
        assert record["cisco_esa.summary.recipients"] == 10
        assert "action" not in record
        assert cim_event(report) == record


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event.outcome", "success"),
        ("event.end", "2026-03-02T11:00:01.000Z"),
        ("event.hash", "a" * 64),
        ("event.type", ["end"]),
        ("event.category", ["authentication"]),
        ("event.sequence", None),
        ("event.start", None),
        ("event.duration", None),
        ("cisco_esa.summary", None),
        ("cisco_esa.session.closed", False),
        ("cisco_esa.session.id", None),
        ("cisco_esa.auth", {"mechanism": "PLAIN", "profile": "staff"}),
        ("message", "MID 1 ready"),
        ("error.code", "550"),
    ],
)
def test_the_schema_says_what_it_has(path: str, value: object) -> None:
    (report,) = reports(run(session((10, 2)), EVERY_TEN).events)
    assert EventSchema().valid(report)
    *groups, last = path.split(".")
    place = report
    for group in groups:
        place = place.setdefault(group, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert not EventSchema().valid(report)


def test_one_that_the_schema_refuses_is_a_dead_letter_and_loses_no_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = EventSchema.__init__

    def made(schema: EventSchema) -> None:
        make(schema)
        valid = schema.valid
        schema.valid = lambda event: (  # type: ignore[assignment]
            event["event"]["action"] != PROGRESS and valid(event)
        )

    monkeypatch.setattr(EventSchema, "__init__", made)
    monkeypatch.setattr(EventSchema, "reasons", lambda schema, event: ["no"])
    got = run(session((10, 2)), EVERY_TEN)
    got.assert_accounted()
    assert got.counters.session_progress == 0
    (letter,) = got.dead
    assert letter["error"]["type"] == "invalid_event"
    assert letter["cisco_esa"]["replay"]["session_end"] is True


# ---- over stops, replays and everything else that happens to a log -------------------

_WAYS = st.sampled_from(
    [
        replace(SETTINGS, report_every=every, **more)
        for every in (ReportEvery(3), ReportEvery(None, 5), ReportEvery(4, 7))
        for more in (
            {},
            {"wait": 3},
            {"id_key": b"i" * 32, "redact": True, "redact_wait": 9},
            {"wait": 2, "id_key": b"i" * 32, "redact": True, "redact_wait": 4},
        )
    ]
)


def _log(seed: int) -> list[bytes]:
    """Return lines of a few sessions that send much, of two appliances."""
    rand = random.Random(seed)
    mids = iter(range(1, 10_000))
    lines, second = [], 0
    open_: dict[tuple[str, int], int | None] = {}
    for _ in range(120):
        second += rand.choice((0, 0, 0, 1, 2))
        host, icid = rand.choice(("esa01", "esa02")), rand.choice((7, 8))
        mid = open_.get((host, icid))
        user = rand.choice(("ann", "bob", "hunterss"))
        bodies: list[str | bytes] = [
            *opened(icid),
            inbound(icid, user, "failed"),
            inbound(icid, user, "succeeded"),
            f"Start MID {next(mids)} ICID {icid}",
            *[f"MID {mid} ICID {icid} RID 0 To: <u@example.org>"] * 6,
            *[f"MID {mid} ready 9 bytes from <ann@example.com>"] * 4,
            f"New SMTP DCID {icid} interface 192.0.2.1 address 203.0.113.9 port 25",
            f"DCID: {icid} IP: 203.0.113.9 SMTP authentication using the profile"
            " relay succeeded",
            *[f"Message done DCID {icid} MID 1 to RID [0, 1]"] * 3,
            f"Bounced: DCID {icid} MID 1 to RID 0 - 5.1.0 - Unknown address error"
            " ('550', ['5.1.1 no such user'])",
            *([f"ICID {icid} close"] if rand.random() < 0.2 else []),
        ]
        body = rand.choice(bodies)
        if isinstance(body, str) and body.startswith("Start"):
            open_[host, icid] = int(body.split()[2])
        lines.append(syslog(body, second, host))
    return lines


# A cut behind the last line would have two of the parts end the input.
@given(st.integers(0, 10**6), st.lists(st.integers(0, 119), max_size=4), _WAYS)
@settings(max_examples=25, deadline=None)
def test_a_stop_anywhere_changes_nothing(
    seed: int, cuts: list[int], wanted: Settings
) -> None:
    lines = _log(seed)
    whole = run(lines, wanted)
    whole.assert_accounted()
    for again in (_from_snapshot, _from_ledger):
        events, context = [], 0
        for pipeline in again(lines, sorted(cuts), wanted):
            events += taken(pipeline)
            context += pipeline.counters.context
        assert _safe(events, wanted) == _safe(whole.events, wanted)
        assert context == whole.counters.context


def _safe(events: list[Event], wanted: Settings) -> dict[str, list[Event]]:
    """Return the events of each appliance, less names in doubt, which are not saved."""
    if wanted.redact_wait:
        # Its doubt is not saved either, so that it may be told before others.
        events = sorted(map(_nameless, events), key=lambda e: str(e["event"]["id"]))
    names = {e["observer"]["name"] for e in events}
    return {n: [e for e in events if e["observer"]["name"] == n] for n in names}


def _nameless(event: Event) -> Event:
    kept = ("@timestamp", "cisco_esa", "observer")
    about = {**event["event"], "original": "", "hash": ""}
    own = {k: v for k, v in event["cisco_esa"].items() if k != "flags"}
    if "summary" in own:
        own["summary"] = {k: v for k, v in own["summary"].items() if k != "users"}
    return {**{k: event[k] for k in kept}, "event": about, "cisco_esa": own}


def _from_snapshot(
    lines: list[bytes], cuts: list[int], wanted: Settings
) -> Iterator[Pipeline]:
    saved = None
    for begin, end in pairwise([0, *cuts, len(lines)]):
        pipeline = made(wanted)
        if saved is not None:
            pipeline.restore(msgpack.unpackb(saved, strict_map_key=False))
        pipeline.feed(lines[begin:end])
        saved = msgpack.packb(pipeline.snapshot())
        if end == len(lines):
            pipeline.drain()
        yield pipeline


def _from_ledger(
    lines: list[bytes], cuts: list[int], wanted: Settings
) -> Iterator[Pipeline]:
    written: dict[str, dict[str, bytes]] = {"esa01": {}, "esa02": {}}
    for begin, end in pairwise([0, *cuts, len(lines)]):
        pipeline = made(wanted)
        ledgers = {}
        for name, entries in written.items():
            ledgers[name] = Ledger(pipeline.registry.named(name))
            if entries:
                ledgers[name].restore(entries.get)
        pipeline.resume()
        pipeline.feed(lines[begin:end])
        for name, ledger in ledgers.items():
            for key, value in ledger.changes():
                if value is None:
                    del written[name][key]
                else:
                    written[name][key] = value
        if end == len(lines):
            pipeline.drain()
        yield pipeline


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_no_report_is_missing_and_none_is_too_many(seed: int) -> None:
    wanted = replace(SETTINGS, report_every=ReportEvery(recipients=3))
    got = run(_log(seed), wanted)
    ids = [e["event"]["id"] for e in got.events]
    assert len(set(ids)) == len(ids)
    told: dict[tuple[str, str], list[Event]] = {}
    for event in got.events:
        if "summary" in event["cisco_esa"]:
            key = event["observer"]["name"], event["cisco_esa"]["session"]["id"]
            told.setdefault(key, []).append(event)
    for events in told.values():
        counts = [0]
        for event in events:
            summary = event["cisco_esa"]["summary"]
            count = summary.get("recipients", 0)
            count += summary.get("delivered", 0) + summary.get("bounced", 0)
            last = counts[-1]
            if event["event"]["action"] == PROGRESS:
                assert count >= last + 3
                counts.append(count)
            else:
                # What came since the last report was not enough for one.
                assert last <= count < last + 3
                counts = [0]


@pytest.mark.parametrize("name", FAULTS)
def test_reports_are_those_of_the_slow_joiner(name: str) -> None:
    every = ReportEvery(recipients=2, seconds=600)
    pipeline = made(replace(SETTINGS, reference=REFERENCE, report_every=every))
    joiner = Joiner(REFERENCE, *every)
    given_lines = list(traffic(2, 1_500, FAULTS[name]))
    for line in given_lines:
        joiner.feed(line)
    pipeline.feed(given_lines)
    pipeline.drain()
    joiner.finish()
    found = ended(pipeline)
    found.assert_accounted()
    told = [of_event(event) for event in reports(found.events)]
    assert told == joiner.reports
    assert len(told) > 5

"""Reports on open sessions: when they are made, and what is in them."""

from dataclasses import replace

import msgpack
import orjson
import pytest

from esa_auth.formats import converter
from esa_auth.formats.cim import cim_event
from esa_auth.pipeline import ReportEvery
from esa_auth.validation import EventSchema
from tests.sessions.reports import PROGRESS, reports
from tests.support.harness import (
    SETTINGS,
    Event,
    inbound,
    made,
    native,
    opened,
    run,
    taken,
)

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

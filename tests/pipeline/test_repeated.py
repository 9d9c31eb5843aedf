"""What a syslog daemon makes of lines that are equal."""

from dataclasses import replace

import pytest

from esa_auth.grammar import GRAMMAR
from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from esa_auth.pipeline import Settings
from esa_auth.pipeline.replay import Replay
from esa_auth.pipeline.unusual import MOST_REPEATS
from tests.support.harness import (
    SETTINGS,
    Run,
    ended,
    inbound,
    made,
    opened,
    run,
    syslog,
)

HEAD = b"<22>Apr 22 11:00:00 esa01 mail_logs: "
FAILED = inbound(user="eve")


def repeated(times: int, what: bytes, head: bytes = HEAD) -> bytes:
    return b"%bmessage repeated %d times: [%b]" % (head, times, what)


@pytest.mark.parametrize(
    "inner",
    [
        b" Info: " + FAILED,
        b"Info: " + FAILED,
        FAILED,
        b" " + FAILED,
        b" Wed Apr 22 11:00:00 2026 Info: " + FAILED,
    ],
)
@pytest.mark.parametrize("end", [b"", b"\r", b" ", b"#012"])
def test_each_time_is_an_attempt(inner: bytes, end: bytes) -> None:
    lines = [*map(syslog, opened()), syslog(FAILED), repeated(3, inner) + end]
    found = run([*lines, syslog("ICID 450 close")])
    found.assert_accounted()
    assert not found.dead
    assert found.counters.results == 4
    # One physical line stands for three.
    assert found.counters.lines == 7
    ids = [event["event"]["id"] for event in found.results]
    assert len(set(ids)) == 4
    assert [event["user"]["name"] for event in found.results] == ["eve"] * 4
    assert {event["source"]["ip"] for event in found.results} == {"198.51.100.7"}
    flags = [event["cisco_esa"].get("flags", []) for event in found.results]
    assert ["repeated_message" in some for some in flags] == [False, *[True] * 3]
    assert [e["event"]["sequence"] for e in found.results] == [
        1,
        2,
        3,
        4,
    ]
    assert found.events[-1]["cisco_esa"]["summary"]["attempts"] == 4
    original: str = found.results[-1]["event"]["original"]
    assert original.encode() == lines[-1].removesuffix(b"\r").removesuffix(b"#012")


def test_it_is_the_same_at_every_reading() -> None:
    lines = [syslog(FAILED), repeated(5, b" Info: " + FAILED)]
    assert run(lines).events == run(lines).events


@pytest.mark.parametrize("rule", GRAMMAR.event_rules, ids=lambda rule: rule.name)
def test_every_wording_may_be_repeated(rule: object) -> None:
    sample = rule.sample.encode()  # type: ignore[attr-defined]  # a `Rule`
    found = run([repeated(2, b" Info: " + sample)])
    found.assert_accounted()
    assert found.counters.results + found.counters.ancillary == 2
    assert found.counters.lines == 2


def test_each_time_is_an_attempt_when_it_is_read_later() -> None:
    """A day after the line before: put off until it is known why."""
    near = HEAD.replace(b"22 11", b" 2 11") + b"Info: " + inbound(8)
    for after in ([], [near]):
        found = run([near, repeated(3, b"Info: " + inbound(9)), *after])
        found.assert_accounted()
        assert [e["cisco_esa"]["icid"] for e in found.results].count(9) == 3
        assert found.counters.lines == 4 + len(after)


def test_lines_of_a_connection_count_once() -> None:
    """They say the same of it however often."""
    bodies = [*opened(), FAILED, b"ICID 450 close"]
    plain = run([syslog(body) for body in bodies])
    lines = [repeated(4, b" Info: " + body) for body in bodies]
    lines[2] = syslog(FAILED)
    found = run(lines)
    found.assert_accounted()
    assert found.counters == plain.counters
    assert [e["event"]["id"] for e in found.results] == [
        e["event"]["id"] for e in plain.results
    ]
    assert found.results[0]["cisco_esa"]["session"]["context"] == "complete"
    assert found.events[-1]["event"]["action"] == "smtp-session-end"


@pytest.mark.parametrize("times", [0, MOST_REPEATS + 1, 999_999_999])
def test_no_line_makes_any_number_of_events(times: int) -> None:
    found = run([repeated(times, b" Info: " + FAILED)])
    found.assert_accounted()
    assert not found.events
    assert found.counters.rejected == found.counters.lines == 1


def test_one_that_was_cut_is_kept() -> None:
    """Rsyslog repeats 800 bytes, and the cut can be anywhere in a name."""
    name = "x using AUTH mechanism: PLAIN with profile: " + "y" * 800
    inner = (b" Info: " + inbound(user=name))[:800]
    found = run([repeated(2, inner)])
    assert not found.events
    assert found.counters.rejected == 1


def test_what_nobody_reads_is_one_letter_and_is_read_again_as_one() -> None:
    found = run([repeated(3, b" Info: SMTP Auth: (ICID 7) deferred for user: x")])
    found.assert_accounted()
    assert (found.counters.lines, found.counters.rejected) == (1, 1)
    late = run([repeated(3, b" Info: " + FAILED, b"esa01 mail_logs: ")])
    assert [letter["error"]["type"] for letter in late.dead] == ["no_time"]
    assert late.counters.lines == 1


def test_foreign_lines_that_are_repeated_are_ignored() -> None:
    found = run([repeated(3, b" Info: MID 5 queued for delivery")])
    assert found.counters.ignored == found.counters.lines == 1


@pytest.mark.parametrize("doubt", [0, 3])
def test_events_that_wait(doubt: int) -> None:
    settings = replace(SETTINGS, redact=True, wait=2, redact_wait=doubt)
    lines = [*map(syslog, opened()), repeated(3, b" Info: " + FAILED)]
    found = run([*lines, syslog("ICID 450 close", 30)], settings)
    found.assert_accounted()
    assert (found.counters.results, found.counters.lines) == (3, 6)
    assert len({event["event"]["id"] for event in found.results}) == 3


@pytest.mark.parametrize(
    "text",
    [
        b"<22>Apr 22 11:00:00 esa01 last message repeated 7 times",
        b"Apr 22 11:00:00 last message repeated 7 times",
        b"Apr 22 11:00:00 esa01 --- last message repeated 7 times ---",
        b"Apr 22 11:00:00 esa01 mail_logs: last message repeated 7 times",
    ],
)
def test_how_often_the_last_line_came_is_counted_and_said(text: bytes) -> None:
    found: Run = run([syslog(FAILED), text])
    found.assert_accounted()
    assert found.counters.repeats_unread == 7
    assert found.counters.results == 1
    said = found.counters.closing_line()
    assert "'last message repeated' stood for 7 lines not read" in said
    assert "repeated" not in run([syslog(FAILED)]).counters.closing_line()


def test_records_may_say_it_too() -> None:
    pipeline = made()
    line = b"message repeated 3 times: [ Info: " + FAILED + b"]"
    pipeline.feed_records([(line, "esa01", "2026-04-22T11:00:00Z")])
    found = ended(pipeline)
    found.assert_accounted()
    assert len({event["event"]["id"] for event in found.events}) == 3


@pytest.mark.parametrize(
    "place", ["MID 6 Subject '{}'", "MID 6 Custom Log Entry: {}", "{}"]
)
def test_nobody_can_make_events_by_it(place: str) -> None:
    text = repeated(900, b" Info: " + inbound(outcome="succeeded"), b"").decode()
    body = place.format("x " + text).encode()
    found = run([*map(syslog, opened()), syslog(FAILED), syslog(body)])
    assert found.counters.results == 1


def test_names_are_covered_in_it() -> None:
    settings = Settings(reference=SETTINGS.reference, pseudonym_key=b"k" * 32)
    line = repeated(3, b" Info: " + inbound(user="Secret-Name"))
    (plain,) = {e["event"]["original"] for e in run([line]).results}
    found = run([line], settings)
    found.assert_accounted()
    assert "Secret-Name" not in repr(found.events)
    assert len(found.results) == 3
    covered = found.results[0]["user"]["name"]
    assert found.results[0]["event"]["original"] == plain.replace(
        "Secret-Name", covered
    )


def test_a_letter_of_it_is_read_again_as_one() -> None:
    pipeline = made()
    replay = Replay(pipeline)
    line = repeated(3, b" Info: " + FAILED)
    replay.feed(DeadLetter(line, "unread", ("x",), "esa01", ReplayHints(ordinal=2)))
    found = ended(pipeline)
    found.assert_accounted()
    assert len({event["event"]["id"] for event in found.events}) == 3


@pytest.mark.parametrize(
    ("times", "results"), [(MOST_REPEATS, MOST_REPEATS), (MOST_REPEATS + 1, 0)]
)
def test_as_many_attempts_as_may_be_are_read(times: int, results: int) -> None:
    found = run([*map(syslog, opened()), repeated(times, b" Info: " + FAILED)])
    found.assert_accounted()
    assert found.counters.results == results
    assert found.counters.rejected == (results == 0)

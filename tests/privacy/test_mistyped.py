"""`redact_wait`: a name that failed, and another that succeeds for the same client."""

from collections.abc import Sequence
from dataclasses import replace

import msgpack
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.pipeline import Settings
from esa_auth.pipeline.ledger import Ledger
from esa_auth.privacy import REDACTED
from tests.support.harness import (
    SETTINGS,
    Event,
    Run,
    ended,
    inbound,
    made,
    native,
    opened,
    run,
    taken,
)
from tests.support.strategies import Script, by_time, scripts

KEYED = replace(SETTINGS, id_key=b"i" * 32, redact=True)
DOUBT = replace(KEYED, redact_wait=60)
# No password by its look: eight small letters.
MISTYPED = "hunterss"


def connection(
    icid: int,
    *tries: tuple[str, str],
    second: int = 0,
    address: str = "198.51.100.7",
    listener: str = "Data 1",
    profile: str = "staff",
) -> list[bytes]:
    """Return the lines of one connection that tries names, and is closed."""
    bodies: list[str | bytes] = [
        f"New SMTP ICID {icid} interface {listener} (192.0.2.1) address {address}"
        " reverse dns host unknown verified no",
        f"ICID {icid} ACCEPT SG UNKNOWNLIST match ALL SBRS 1.2",
        *(inbound(icid, name, how, profile=profile) for name, how in tries),
        f"ICID {icid} close",
    ]
    return [native(body, second) for body in bodies]


FAILED = connection(1, (MISTYPED, "failed"))


def written(got: Run) -> str:
    return orjson.dumps([got.events, got.dead]).decode()


def names(got: Run) -> list[str]:
    """Return the names of the attempts, session after session."""
    found = sorted(got.results, key=lambda event: event["cisco_esa"]["icid"])
    return [event["user"]["name"] for event in found]


def test_a_password_is_redacted_by_the_login_that_follows_it() -> None:
    """In another connection: most clients are put out after a failure."""
    lines = [*FAILED, *connection(2, ("ann", "succeeded"), second=30)]
    got, plain = run(lines, DOUBT), run(lines, KEYED)
    got.assert_accounted()
    assert MISTYPED not in written(got)
    assert names(got) == [REDACTED, "ann"]
    failure, end = got.of("esa", "icid", 1)
    assert failure["cisco_esa"]["flags"] == ["redacted_user"]
    assert failure["related"]["user"] == [REDACTED]
    assert f"user: {REDACTED} using" in failure["event"]["original"]
    assert f"user: {REDACTED} using" in failure["message"]
    assert end["related"]["user"] == [REDACTED]
    assert [e["event"]["sequence"] for e in (failure, end)] == [1, 2]
    assert {e["event"]["id"] for e in got.events} == {
        e["event"]["id"] for e in plain.events
    }
    assert MISTYPED in written(plain)


def test_in_one_session_too_and_in_front_of_its_notice() -> None:
    ldap = f"SMTP Auth: (ICID 1) LDAP query/user lookup failed for user: {MISTYPED}"
    lines = connection(1, (MISTYPED, "failed"), ("ann", "succeeded"))
    lines.insert(3, native(ldap))
    got = run(lines, DOUBT)
    got.assert_accounted()
    assert MISTYPED not in written(got)
    assert [e["event"]["sequence"] for e in got.events] == [1, 2, 3, 4]
    assert [e["event"]["type"] for e in got.events] == [
        ["start"],
        ["info"],
        ["start"],
        ["end"],
    ]
    assert got.counters.ancillary == 1


@pytest.mark.parametrize(
    "other",
    [
        connection(2, ("ann", "succeeded"), address="198.51.100.8"),
        connection(2, ("ann", "succeeded"), listener="Data 2"),
        connection(2, ("ann", "succeeded"), profile="partners"),
        connection(2, (MISTYPED, "succeeded")),
        connection(2, ("ann", "failed")),
        connection(2, ("ann", "succeeded"), second=61),
        [native(inbound(2, "ann", "succeeded"))],
    ],
    ids=["source", "listener", "profile", "name", "failure", "time", "context"],
)
def test_nothing_else_redacts_it(other: Sequence[bytes]) -> None:
    got = run([*FAILED, *other], DOUBT)
    got.assert_accounted()
    assert MISTYPED in names(got)
    assert REDACTED not in names(got)


def test_a_name_that_succeeds_is_no_password_for_the_next_one() -> None:
    lines = [
        *connection(1, ("ann", "failed")),
        *connection(2, ("ann", "succeeded")),
        *connection(3, ("ben", "succeeded")),
    ]
    assert names(run(lines, DOUBT)) == ["ann", "ann", "ben"]


def test_of_another_appliance_nothing_is_redacted() -> None:
    pipeline = made(DOUBT)
    pipeline.feed_records([(line, "esa01", None) for line in FAILED])
    success = connection(2, ("ann", "succeeded"))
    pipeline.feed_records([(line, "esa02", None) for line in success])
    pipeline.drain()
    got = ended(pipeline)
    got.assert_accounted()
    assert sorted(names(got)) == ["ann", MISTYPED]


def test_a_failure_leaves_when_its_time_is_over_with_the_end_behind_it() -> None:
    pipeline = made(DOUBT)
    pipeline.feed(FAILED)
    pipeline.feed(connection(9, second=60))
    assert taken(pipeline) == []
    pipeline.feed(connection(10, second=61))
    assert [e["event"]["type"] for e in taken(pipeline)] == [["start"], ["end"]]


def test_a_success_alone_waits_for_nothing() -> None:
    pipeline = made(DOUBT)
    pipeline.feed(connection(1, ("ann", "succeeded")))
    assert len(taken(pipeline)) == 2


def saved_by(lines: Sequence[bytes], way: str, told: Settings = DOUBT) -> bytes:
    pipeline = made(told)
    pipeline.feed(lines)
    if way == "snapshot":
        packed: bytes = msgpack.packb(pipeline.snapshot())
        return packed
    ledger = Ledger(pipeline.registry.named("esa"))
    return b"".join(value or b"" for _, value in ledger.changes())


@pytest.mark.parametrize("way", ["snapshot", "ledger"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_name_in_doubt_is_not_in_the_state(way: str, closed: bool) -> None:
    lines = FAILED if closed else FAILED[:-1]
    saved = saved_by(lines, way)
    assert MISTYPED.encode() not in saved
    assert REDACTED.encode() in saved
    # What was written in clear a minute ago is.
    late = native("New SMTP ICID 9 interface x (192.0.2.1) address 192.0.2.9 x", 61)
    assert (MISTYPED.encode() in saved_by([*lines, late], way)) != closed


@pytest.mark.parametrize("way", ["snapshot", "ledger"])
def test_what_was_in_doubt_at_a_stop_is_redacted(way: str) -> None:
    first, second = made(DOUBT), made(DOUBT)
    first.feed(FAILED)
    if way == "snapshot":
        saved = msgpack.packb(first.snapshot())
        second.restore(msgpack.unpackb(saved, strict_map_key=False))
    else:
        entries = dict(Ledger(first.registry.named("esa")).changes())
        Ledger(second.registry.named("esa")).restore(entries.get)
    second.drain()
    got = ended(second)
    got.assert_accounted()
    assert names(got) == [REDACTED]
    assert [e["event"]["type"] for e in got.events] == [["start"], ["end"]]
    assert got.events[1]["related"]["user"] == [REDACTED]
    ids = [e["event"]["id"] for e in run(FAILED, KEYED).events]
    assert [e["event"]["id"] for e in got.events] == ids


def test_the_ledger_forgets_sessions_that_are_over_and_written() -> None:
    pipeline = made(DOUBT)
    ledger = Ledger(pipeline.registry.named("esa"))
    pipeline.feed(FAILED)
    assert dict(ledger.changes())["held"]
    pipeline.feed(connection(2, second=10))
    assert "held" not in dict(ledger.changes())
    pipeline.feed(connection(3, second=61))
    assert dict(ledger.changes())["held"] is None


def test_with_pseudonyms_it_is_the_pseudonym_that_goes() -> None:
    both = replace(DOUBT, pseudonym_key=b"k" * 32)
    lines = [*FAILED, *connection(2, ("ann", "succeeded"), second=30)]
    got = run(lines, both)
    assert names(got)[0] == REDACTED
    assert names(got)[1].startswith("pn-")
    assert MISTYPED not in written(got)
    assert names(run(FAILED, both))[0].startswith("pn-")


def unnamed(event: Event) -> tuple[str, int]:
    return event["event"]["id"], event["event"].get("sequence", 0)


@settings(max_examples=60, deadline=None)
@given(scripts(), st.sampled_from([0, 2]), st.sampled_from([3, 60]))
def test_nothing_but_names_and_times_changes(
    sessions: list[Script], wait: int, doubt: int
) -> None:
    lines = by_time(sessions)
    got = run(lines, replace(KEYED, wait=wait, redact_wait=doubt))
    plain = run(lines, replace(KEYED, wait=wait))
    got.assert_accounted()
    assert sorted(map(unnamed, got.events)) == sorted(map(unnamed, plain.events))
    assert got.counters == plain.counters
    for number in {e["cisco_esa"]["session"]["id"] for e in got.events}:
        own = [e for e in got.events if e["cisco_esa"]["session"]["id"] == number]
        assert [e["event"]["sequence"] for e in own] == list(range(1, len(own) + 1))


def test_a_flood_of_failures_is_bounded_and_complete() -> None:
    lines = [
        line for icid in range(1, 5_001) for line in connection(icid, ("x", "failed"))
    ]
    pipeline = made(DOUBT)
    pipeline.feed(lines)
    waiting = pipeline.registry.named("esa").waiting
    assert 4_096 <= len(waiting) <= 2 * 4_096 + 1
    pipeline.drain()
    assert len(waiting) == 0
    assert (waiting._doubts, waiting._of, waiting._size) == ({}, {}, 0)
    got = ended(pipeline)
    got.assert_accounted()
    assert len(got.results) == 5_000


def test_a_name_tried_between_two_logins_of_a_session_is_kept() -> None:
    """Who is logged in already did not mistype a password for it."""
    tries = ("ann", "succeeded"), ("ben", "failed"), ("ann", "succeeded")
    got = run(connection(1, *tries), KEYED)
    got.assert_accounted()
    assert got.events[-1]["related"]["user"] == ["ann", "ben"]
    mistyped = run(connection(1, *tries[1:]), KEYED)
    assert mistyped.events[-1]["related"]["user"] == [REDACTED, "ann"]


@pytest.mark.parametrize("got_in", [True, False])
def test_a_name_that_logged_in_stays_in_the_end_of_its_session(got_in: bool) -> None:
    """It failed as well, and then another one succeeded from the same place."""
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
    found = run([native(body) for body in bodies], DOUBT)
    ends = [e for e in found.events if e["event"]["action"] == "smtp-session-end"]
    (users,) = [e["related"]["user"] for e in ends if e["cisco_esa"]["icid"] == 450]
    assert users == (["ann"] if got_in else [REDACTED])

"""Names that nobody bounds but us: who can send syslog can send any host."""

from dataclasses import replace

import pytest

from esa_auth.commands.delivery import Notices
from esa_auth.pipeline import registry
from esa_auth.pipeline.appliance import Appliance
from tests.support.harness import (
    SETTINGS,
    ended,
    inbound,
    made,
    opened,
    syslog,
    taken,
)

CAP = 8192


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let fewer names be too many: that there is a bound is the same."""
    monkeypatch.setattr(registry, "MOST_APPLIANCES", 320)
    return registry.MOST_APPLIANCES


def test_a_flood_of_names_is_bounded_and_loses_no_event(most: int) -> None:
    names = most * 2
    pipeline = made()
    for number in range(names):
        host = f"spoofed{number}"
        bodies = [*opened(), inbound()]
        pipeline.feed([syslog(body, number // 100, host) for body in bodies])
        assert len(pipeline.registry.appliances) <= most
    pipeline.drain()
    run = ended(pipeline)
    run.assert_accounted()
    assert len(run.results) == names
    assert {e["observer"]["name"] for e in run.results if "source" in e} == {
        f"spoofed{number}" for number in range(names)
    }
    # Each had one session, which had to end.
    forgotten = names - len(pipeline.registry.appliances)
    assert pipeline.registry.forgotten.evicted == forgotten
    # Those that had to go told their end.
    ends = [e for e in run.events if e["event"]["type"] == ["end"]]
    assert len(ends) == names


def test_our_own_appliance_is_not_forgotten(most: int) -> None:
    """Native lines name none: the block in hand goes on with it."""
    pipeline = made()
    pipeline.feed([b"Wed Apr 22 11:00:00 2009 Info: " + body for body in opened()])
    for number in range(most * 2):
        pipeline.feed([syslog(inbound(), 3000, f"spoofed{number}")])
    taken(pipeline)
    pipeline.feed([b"Wed Apr 22 11:59:00 2009 Info: " + inbound()])
    (event,) = taken(pipeline)
    assert event["source"]["ip"] == "198.51.100.7"


def test_the_sum_of_expiries_does_not_go_back(most: int) -> None:
    """What an appliance counted is counted on when its name is forgotten."""
    pipeline = made(replace(SETTINGS, max_age=60))
    expired = []
    for number in range(most * 2):
        host = f"spoofed{number}"
        bodies = [(opened()[0], 0), (inbound(), 100)]
        pipeline.feed([syslog(body, second, host) for body, second in bodies])
        kept = pipeline.registry.appliances.values()
        counts = [pipeline.registry.forgotten, *(a.counts() for a in kept)]
        expired.append(sum(count.expired for count in counts))
    assert expired == sorted(expired)
    assert expired[-1] == most * 2


@pytest.mark.parametrize(("age", "known"), [(60, True), (61, False)])
def test_a_session_lives_as_long_as_was_set(age: int, known: bool) -> None:
    pipeline = made(replace(SETTINGS, max_age=60))
    lines = [syslog(opened()[0]), syslog(inbound(user="ann")), syslog(inbound(), age)]
    pipeline.feed(lines)
    last = ended(pipeline).results[-1]
    assert ("source" in last) is known


@pytest.mark.parametrize(("digits", "known"), [(12, True), (13, False)])
def test_a_number_of_a_session_has_twelve_digits_at_most(
    digits: int, known: bool
) -> None:
    number = int("7" * digits)
    end = f"ICID {number} close".encode()
    pipeline = made()
    pipeline.feed([syslog(b) for b in (*opened(number), inbound(number), end)])
    run = ended(pipeline)
    run.assert_accounted()
    assert len(run.results) == known
    assert run.counters.rejected == (not known)
    assert run.counters.context == (3 if known else 0)


def looks(names: int) -> int:
    """Return how often an appliance's sessions are counted for a flood over the cap."""
    counted = 0

    class Counting(Appliance):
        def open_sessions(self) -> int:
            nonlocal counted
            counted += 1
            return super().open_sessions()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "Appliance", Counting)
        pipeline = made(replace(SETTINGS, cap=CAP))
        for number in range(CAP + 1024):
            opening = opened(number // names + 1)[0]
            pipeline.feed([syslog(opening, 0, f"spoofed{number % names}")])
    assert counted
    assert pipeline.registry.open_sessions() <= CAP + SETTINGS.look_every
    return counted


def test_many_small_ones_are_not_looked_through_for_each_session() -> None:
    """Four times the names cost four times the looks, not the square of it."""
    few, many = looks(500), looks(2000)
    assert many < 5 * few


def test_a_file_of_another_year_that_begins_as_the_last_one_ended_is_of_its_year() -> (
    None
):
    line = (
        b"Mar  1 10:00:00 esa mail_logs: Info: SMTP Auth: (ICID 4) failed for user: ann"
        b" using AUTH mechanism: PLAIN with profile: staff"
    )
    pipeline = made()
    years = []
    for reference in (1_750_000_000, 1_660_000_000):
        pipeline.registry.anchor(reference)
        pipeline.feed([line])
        pipeline.settle()
        (event,) = (e for e in taken(pipeline) if "outcome" in e["event"])
        years.append(event["@timestamp"][:4])
    assert years == ["2025", "2022"]


def test_a_name_that_was_forgotten_is_said_again(
    most: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What was said of names without end is not remembered without end."""
    pipeline = made()
    notices = Notices(pipeline)
    # Each has its stamps taken for UTC, the first of them more often.
    pipeline.feed([syslog(inbound(), second, "esa01") for second in range(9)])
    notices.look(0.0)
    for number in range(2 * most):
        pipeline.feed([syslog(inbound(), 30 + number, f"spoofed{number}")])
    assert "esa01" not in pipeline.registry.appliances
    notices.look(3600.0)
    pipeline.feed([syslog(inbound(), 900, "esa01")])
    notices.look(7200.0)
    assert [r.getMessage().split(":")[0] for r in caplog.records][::2] == ["esa01"] * 2

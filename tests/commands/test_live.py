"""What `watch` counts of a stream of events: rates, alarms, the latest failures."""

from typing import Any

import pytest

from esa_auth.alarms import MOST_ACCOUNTS, Tries, network
from esa_auth.commands.live import Now, place
from esa_auth.thresholds import figure
from tests.support.harness import native, run

NOON = 1_240_401_600
BRUTE = figure("brute_force_by_source", "failures")
BRUTE_WINDOW = figure("brute_force_by_source", "window")
SPRAY = figure("password_spray", "users")
SPRAY_WINDOW = figure("password_spray", "window")
WRONG = figure("success_after_failures", "failures")
GUESSED_WINDOW = figure("success_after_failures", "window")


def login(
    second: int, user: str = "ann", outcome: str = "failure", **other: Any
) -> dict[str, Any]:
    """Return the least of an event, so many seconds after noon of 22 April 2009."""
    hour, minute, rest = 12 + second // 3600, second // 60 % 60, second % 60
    return {
        "@timestamp": f"2009-04-22T{hour:02d}:{minute:02d}:{rest:02d}.999Z",
        "event": {"action": "smtp-auth", "outcome": outcome},
        "source": {"ip": "198.51.100.7"},
        "user": {"name": user},
        **other,
    }


def shown(*events: dict[str, Any]) -> Now:
    now = Now()
    for event in events:
        now.add(event, None)
    return now


def tries(*rows: tuple[int, str, bool]) -> Tries:
    found = Tries()
    for epoch, user, failed in rows:
        found.add(epoch, user, failed=failed)
    return found


def test_attempts_are_counted_and_other_events_are_not() -> None:
    outbound = login(1, event={"action": "smtp-auth-client", "outcome": "failure"})
    end = login(9, event={"action": "smtp-session-end", "outcome": "failure"})
    now = shown(login(0), login(2, outcome="success"), outbound, end)
    assert (now.attempts, now.failures) == (3, 2)
    assert list(now.latest) == [login(0), outbound]
    assert now.log_time == NOON + 2
    assert shown(login(5), login(3)).log_time == NOON + 5


def test_a_rate_is_that_of_the_last_minute() -> None:
    now = Now()
    for arrived in (99.9, 100.0, 100.7, 159.2, 160.0):
        now.add(login(0), arrived)
    now.add(login(0, outcome="success"), 160.5)
    now.add(login(0), None)
    assert now.rates(158.9) == (6 / 60, 5 / 60)
    assert now.rates(159.9) == (5 / 60, 4 / 60)
    assert now.rates(160.9) == (3 / 60, 2 / 60)
    assert now.rates(220.0) == (0.0, 0.0)


def test_a_source_is_in_alarm_from_the_figure_of_the_rule_on() -> None:
    few = [login(n) for n in range(BRUTE - 1)]
    assert shown(*few).alarms() == []
    (alarm,) = shown(*few, login(BRUTE)).alarms()
    assert (alarm.address, alarm.failures, alarm.users) == ("198.51.100.7", BRUTE, 1)
    assert alarm.login is None


def test_who_got_in_by_guessing_comes_first_and_is_named() -> None:
    other: dict[str, Any] = {"source": {"ip": "198.51.100.9"}}
    many = [login(n, **other) for n in range(BRUTE + 3)]
    guessed = [login(n) for n in range(WRONG)] + [login(60, outcome="success")]
    third = [login(n, source={"ip": "198.51.100.8"}) for n in range(BRUTE + 3)]
    found = shown(*many, *guessed, *third).alarms()
    assert [(a.address, a.login) for a in found] == [
        ("198.51.100.7", "ann"),
        ("198.51.100.8", None),
        ("198.51.100.9", None),
    ]


def test_who_got_in_by_guessing_is_named_as_long_as_the_window() -> None:
    guessed = [login(0)] * WRONG + [login(1, outcome="success")]
    elsewhere: dict[str, Any] = {"source": {"ip": "203.0.113.5"}}
    at_the_end = login(1 + GUESSED_WINDOW, **elsewhere)
    assert [a.login for a in shown(*guessed, at_the_end).alarms()] == ["ann"]
    assert shown(*guessed, login(2 + GUESSED_WINDOW, **elsewhere)).alarms() == []


def test_a_login_alone_makes_no_source() -> None:
    first = [login(0, outcome="success")]
    failures = [login(n, "bob") for n in range(BRUTE)]
    (alarm,) = shown(*first, *failures).alarms()
    assert alarm.login is None


def test_sessions_at_other_servers_are_no_sources() -> None:
    event = {"action": "smtp-auth-client", "outcome": "failure"}
    assert shown(*[login(n, event=event) for n in range(BRUTE + 1)]).alarms() == []


@pytest.mark.parametrize(
    ("end", "where"),
    [
        ({"ip": "192.0.2.1", "address": "a", "domain": "b"}, "192.0.2.1"),
        ({"address": "mx.example.com", "domain": "b"}, "mx.example.com"),
        ({"domain": "example.com"}, "example.com"),
        ({}, ""),
        (None, ""),
    ],
)
def test_where_an_end_is(end: dict[str, Any] | None, where: str) -> None:
    assert place(end) == where


def test_a_source_of_ipv6_is_a_64() -> None:
    assert network("2001:db8::1:2") == network("2001:db8::ffff") == "2001:db8::/64"
    assert network("2001:db8:0:1::1") != network("2001:db8::1")
    assert network("fe80::1%eth0") == "fe80::/64"
    assert network("198.51.100.7") == "198.51.100.7"
    assert network("mx:25") == "mx:25"


def test_a_window_has_both_of_its_ends() -> None:
    found = tries((100, "ann", True), (101, "ann", True))
    assert found.failures(100 + BRUTE_WINDOW) == 2
    assert found.failures(101 + BRUTE_WINDOW) == 1
    # A line of the future counts when its time has come.
    assert found.failures(100) == 1


def test_users_of_a_spray_failed_last_within_its_window_and_did_not_get_in() -> None:
    rows = [(100, f"u{n}", True) for n in range(SPRAY)]
    assert tries(*rows).sprays(100 + SPRAY_WINDOW)
    assert not tries(*rows).sprays(101 + SPRAY_WINDOW)
    assert not tries(*rows).sprays(99)
    assert not tries(*rows[1:]).sprays(100)
    assert not tries(*rows, (101, "U0", False)).sprays(101)
    assert tries(*rows, (99, "u0", False)).sprays(100 + SPRAY_WINDOW)
    assert not tries(*rows[1:], (100, "", True)).sprays(100)


def test_a_success_after_failures_is_one_of_the_same_user_in_the_window() -> None:
    enough = [(100, "Ann", True)] * WRONG
    until = 100 + GUESSED_WINDOW
    assert tries(*enough).add(until, "ann", failed=False)
    assert not tries(*enough).add(until + 1, "ann", failed=False)
    assert not tries(*enough).add(99, "ann", failed=False)
    assert not tries(*enough).add(100, "bob", failed=False)
    assert not tries(*enough).add(100, "ann", failed=True)
    assert not tries(*enough[1:]).add(100, "ann", failed=False)


def test_of_very_many_users_the_one_of_longest_ago_is_forgotten() -> None:
    wrong = [(100, "ann", True)] * WRONG
    others = [(101, f"u{n}", True) for n in range(MOST_ACCOUNTS)]
    assert tries(*wrong, *others[1:]).add(102, "ann", failed=False)
    assert not tries(*wrong, *others).add(102, "ann", failed=False)
    # Who was tried again is not of longest ago.
    again = (101, "ann", True)
    assert tries(*wrong, *others[1:], again, others[0]).add(102, "ann", failed=False)


def failure(user: str, at: int, address: str = "203.0.113.9") -> dict[str, Any]:
    return login(at, user, source={"ip": address})


def test_an_alarm_is_many_failures_or_many_users_in_a_while() -> None:
    now = Now()
    for number in range(9):
        now.add(failure("ann", number), 0.0)
    assert now.alarms() == []
    now.add(failure("ann", 9), 0.0)
    (alarm,) = now.alarms()
    assert (alarm.failures, alarm.users, alarm.login) == (10, 1, None)
    window = figure("brute_force_by_source", "window")
    now.add(failure("eve", 9 + window, "203.0.113.8"), 0.0)
    assert now.alarms() == []


def test_users_who_got_in_are_no_spray() -> None:
    now = Now()
    got_in = {"action": "smtp-auth", "outcome": "success"}
    for number in range(9):
        now.add(failure(f"u{number}", 60 * number), 0.0)
    assert now.alarms() == []
    now.add(failure("u9", 540), 0.0)
    (alarm,) = now.alarms()
    assert alarm.users == 10
    now.add(failure("u0", 545) | {"event": got_in}, 0.0)
    assert now.alarms() == []


def test_logins_to_the_appliance_itself_are_left_out() -> None:
    now = Now()
    line = b"An authentication attempt by the user admin from 203.0.113.9 failed"
    (event,) = run([native(line)]).events
    for _ in range(20):
        now.add(event, 0.0)
    assert (now.attempts, now.failures) == (0, 0)
    assert (list(now.latest), now.alarms()) == ([], [])


def test_rates_are_of_the_last_minute_and_of_new_events() -> None:
    now = Now()
    now.add(failure("ann", 0), None)
    assert now.rates(100.0) == (0.0, 0.0)
    for second in range(100, 130):
        now.add(failure("ann", 0), float(second))
    assert now.rates(130.0) == (0.5, 0.5)
    assert now.rates(500.0) == (0.0, 0.0)


def test_sources_without_end_are_bounded() -> None:
    now = Now()
    for number in range(12_000):
        now.add(failure("ann", 0, f"2001:db8:1:{number:x}::1"), 0.0)
    assert len(now._sources) == 5_000


def test_alarms_begin_with_who_got_in_then_with_most_failures() -> None:
    now = Now()
    few, many, got_in = "203.0.113.1", "203.0.113.2", "203.0.113.3"
    success = {"action": "smtp-auth", "outcome": "success"}
    for second in range(12):
        for address, most in ((few, 10), (many, 12), (got_in, 10)):
            if second < most:
                now.add(failure("ann", second, address), 0.0)
    now.add(failure("ann", 12, got_in) | {"event": success}, 0.0)
    alarms = now.alarms()
    assert [alarm.address for alarm in alarms] == [got_in, many, few]
    assert [alarm.login for alarm in alarms] == ["ann", None, None]

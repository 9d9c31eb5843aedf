"""`watch` and `report` name what the rules name: one set of figures, one meaning."""

from typing import Any

from conf.build.table import DETECTIONS

from esa_auth.alarms import network
from esa_auth.commands.live import Now
from esa_auth.report import About, Tally, document
from esa_auth.report.risks import LEVELS
from tests.siem.finders import Found, plain
from tests.siem.planted import events_of
from tests.siem.scenarios import SCENARIOS, corpus

EXPECTED = {
    rule: plain(keys) for rule, keys in corpus(SCENARIOS).expected.items() if keys
}


def test_report_finds_sprays_and_guessed_logins_as_the_rules_do() -> None:
    tally = Tally(About())
    for event in events_of(SCENARIOS):
        tally.add(event)
    sprays, guessed = set(), set()
    for source, row in tally.sources.rows.items():
        if row.sprays:
            sprays.add((source,))
        guessed |= {(source, name) for name, pair in row.users.items() if pair.guessed}
    assert plain(sprays) == EXPECTED["password_spray"]
    assert plain(guessed) == EXPECTED["success_after_failures"]


def test_report_names_the_accounts_that_the_rules_name() -> None:
    tally = Tally(About())
    events = events_of(SCENARIOS)
    for event in events:
        tally.add(event)
    found = document(tally)
    named: dict[str, Found] = {rule: set() for rule in LEVELS}
    for account in found["risk"]:
        for finding in account["findings"]:
            named[finding["rule"]] |= plain([(account["user"],)])
    for rule in (
        "relay_volume_by_user",
        "relay_volume_by_day",
        "success_after_failures_elsewhere",
    ):
        assert named[rule] == EXPECTED[rule], rule
    rule = "success_after_failures"
    assert named[rule] == {key[1:] for key in EXPECTED[rule]}
    # These rules name a line, or a session: whose it is stands in the events.
    for rule, field in (
        ("recipients_burst_after_success", ("cisco_esa", "session", "id")),
        ("success_on_rejected_connection", ("event", "original")),
        ("auth_without_tls", ("event", "original")),
    ):
        wanted = {
            (event["user"]["name"].casefold(),)
            for event in events
            if (value(event, field).casefold(),) in EXPECTED[rule]
            and event["event"].get("outcome") != "failure"
        }
        assert named[rule] == wanted != set(), rule


def value(event: dict[str, Any], field: tuple[str, ...]) -> str:
    """Return a text of an event; "" if it has none there."""
    found: Any = event
    for key in field:
        found = found.get(key, {})
    return found or ""


def test_the_levels_are_those_of_the_rules() -> None:
    levels = {rule.name: rule.level for rule in DETECTIONS}
    assert {rule: levels[rule] for rule in LEVELS} == LEVELS


def test_watch_alarms_at_what_the_rules_name_and_at_nothing_else() -> None:
    now = Now()
    alarmed: Found = set()
    for event in events_of(SCENARIOS):
        now.add(event, None)
        alarmed |= plain((alarm.address,) for alarm in now.alarms())
    wanted: Found = set()
    for rule in (
        "brute_force_by_source",
        "password_spray",
        "success_after_failures",
    ):
        wanted |= {key[:1] for key in EXPECTED[rule]}
    assert alarmed == wanted


def test_a_source_is_an_address_or_a_64() -> None:
    assert network("192.0.2.1") == "192.0.2.1"
    assert network("2001:db8:bad:3:4::5") == network("2001:db8:bad:3::") != "2001:db8::"
    assert network("mail.example.com") == "mail.example.com"
    assert network("not:an:address") == "not:an:address"

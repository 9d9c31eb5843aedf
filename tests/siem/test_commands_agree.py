"""`watch` and `report` name what the rules name: one set of figures, one meaning."""

from esa_auth.alarms import network
from esa_auth.commands.live import Now
from esa_auth.report.tally import About, Tally
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

"""Logins to the appliance itself: what each wording says, and what it shows nobody."""

from collections.abc import Callable

import pytest

from esa_auth import grammar
from esa_auth.grammar import RULES, Rule
from esa_auth.model.facts import AdminLogin, AdminLogout
from tests.grammar.admin_rules import OURS, only, rule_names
from tests.support.harness import SETTINGS, inbound, made, native, opened, run, syslog


@pytest.mark.parametrize("frame", [native, syslog])
@pytest.mark.parametrize("rule", OURS, ids=rule_names(OURS))
def test_the_pipeline_reads_each_wording(
    rule: Rule, frame: Callable[[str], bytes]
) -> None:
    """Also where no other wording has its first letters."""
    found = run([frame(rule.sample)])
    found.assert_accounted()
    (event,) = found.events
    fact = grammar.read(rule.sample)
    assert isinstance(fact, AdminLogin | AdminLogout)
    login = isinstance(fact, AdminLogin)
    assert event["event"]["action"] == ("admin-login" if login else "admin-logout")
    assert event["event"]["outcome" if login else "code"]
    assert found.counters.results == login
    assert found.counters.ancillary == (not login)


def test_every_wording_has_a_code_of_its_own_where_one_login_has_several() -> None:
    """AsyncOS writes one login in more than one wording: so they can be told apart."""
    facts = [grammar.read(rule.sample) for rule in OURS]
    logins = [fact.code for fact in facts if isinstance(fact, AdminLogin)]
    # The address, privilege and connection came to this wording with later releases.
    again = [code for code in logins if logins.count(code) > 1]
    assert set(again) == {"ADMIN_AUTHENTICATED"}
    assert len(again) == 2


def test_a_login_joins_no_session_and_changes_none() -> None:
    body = "User admin from 198.51.100.7 was authenticated successfully."
    mail = [*map(native, opened()), native(inbound()), native("ICID 450 close")]
    plain = run(mail).events
    mixed = run([mail[0], native(body), *mail[1:3], native(body), mail[3]]).events
    logins = [e for e in mixed if e["event"]["action"] == "admin-login"]
    assert [e for e in mixed if e not in logins] == plain
    assert len(logins) == 2
    assert not {"icid", "session"} & set(logins[0]["cisco_esa"])
    assert made(SETTINGS).snapshot()["appliances"] == {}


TOKEN = "wKV0AK29GgdhztflXSal"  # noqa: S105 - made up


@pytest.mark.parametrize("rule", OURS, ids=rule_names(OURS))
def test_no_field_holds_the_token_of_a_session(rule: Rule) -> None:
    """But the line itself, which is kept as it came."""
    body = rule.sample.replace("example ", f"{TOKEN} ")
    if body.endswith("example"):
        body = body.removesuffix("example") + TOKEN
    event = only(body)
    assert event["event"].pop("original").endswith(body)
    assert TOKEN not in repr(event)
    assert repr(grammar.read(body)).find(TOKEN) < 0
    assert ("[hidden]" in event["message"]) == (TOKEN in body)


def test_tokens_are_looked_for() -> None:
    assert sum("example" in rule.sample.split("session")[-1] for rule in OURS) > 4


@pytest.mark.parametrize(
    ("way", "interface"),
    [
        ("the web interface", "GUI"),
        ("the CLI", "CLI"),
        ("the command line interface.", "CLI"),
        ("SSH", "SSH"),
        ("the Spam Quarantine interface", "Spam Quarantine"),
    ],
)
def test_the_limit_of_attempts_says_where(way: str, interface: str) -> None:
    event = only(
        "The user ann has exceeded the limit of login attempts when trying to "
        f"authenticate via {way}"
    )
    assert event["event"]["code"] == "ADMIN_ATTEMPTS_EXCEEDED"
    assert event["event"]["outcome"] == "failure"
    assert event["event"]["reason"] == "exceeded the limit of login attempts"
    assert event["cisco_esa"]["admin"] == {"interface": interface}
    assert event["user"] == {"name": "ann"}


def test_rules_are_of_the_grammar() -> None:
    assert set(OURS) <= set(RULES)
    assert len(OURS) == 24

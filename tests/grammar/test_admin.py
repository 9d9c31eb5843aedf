"""Logins to the appliance itself: what they say, and what nobody can make them say."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esa_auth import grammar
from esa_auth.grammar import RULES, Rule, admin, api, audit, console
from esa_auth.model.facts import AdminLogin, AdminLogout, Unread
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
)
from tests.support.strategies import INJECTIONS, hostile_text

OURS = (*admin.RULES, *console.RULES, *audit.RULES, api.RULES[0])
MOST = 256
Wording = Callable[[str], str]

# Every wording of a failure: who tries puts the name in.
FAILURES: dict[str, Wording] = {
    "User failed": "User {} failed authentication.".format,
    "User failed, from": "User {} from 192.0.2.44 failed authentication.".format,
    "attempt": "An authentication attempt by the user {} from 192.0.2.44 failed".format,
    "attempt, HTTPS": (
        "An authentication attempt by the user {} from 192.0.2.44 failed using an "
        "HTTPS connection."
    ).format,
    "audit": (
        "Appliance: esa01, Interaction Mode: GUI, User: {}, Source IP: 192.0.2.44, "
        "Destination IP: 192.0.2.1, Location: /login, Event: Permission denied reason "
        "- Invalid username or passphrase"
    ).format,
    "limit": (
        "The user {} has exceeded the limit of login attempts when trying to "
        "authenticate via the web interface"
    ).format,
}
each_failure = pytest.mark.parametrize("name", FAILURES)


def only(body: str) -> Event:
    """Return the one event of a line."""
    found = run([native(body)])
    found.assert_accounted()
    (event,) = found.events
    return event


def rule_names(rules: tuple[Rule, ...]) -> list[str]:
    return [rule.name for rule in rules]


# ---- what they say ------------------------------------------------------------------


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


# ---- the token ----------------------------------------------------------------------

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


# ---- what others write stays mere text -----------------------------------------------


def assert_only_a_name(event: Event, wording: str, name: str) -> None:
    about, own = event["event"], event["cisco_esa"]
    assert (about["action"], about["outcome"]) == ("admin-login", "failure")
    typed = name if name.strip("*") else ""
    assert event.get("user", {"name": ""})["name"] == typed
    flags = own.get("flags", [])
    assert ("ambiguous_user" in flags) == bool(
        grammar.GRAMMAR.delimiters["login"].search(f" {name}")
    )
    if wording not in ("User failed", "limit"):
        assert event["source"] == {"address": "192.0.2.44", "ip": "192.0.2.44"}
        assert event["related"]["ip"][0] == "192.0.2.44"
    assert own.get("admin", {}).get("privilege") is None


@each_failure
def test_no_name_of_the_corpus_bends_a_failure(name: str) -> None:
    pipeline = made()
    for text in INJECTIONS:
        # This wording alone has no address, and takes one that ends a name.
        if name == "User failed" and text.rstrip(". ").endswith("203.0.113.66"):
            continue
        pipeline.feed([native(FAILURES[name](text))])
        found = ended(pipeline)
        assert not found.dead, text
        assert_only_a_name(found.events[0], name, text)
        assert len(found.events) == 1


@each_failure
@settings(max_examples=150, deadline=None)
@given(text=hostile_text())
@example(text="")
@example(text="x" * MOST)
@example(text=" from 203.0.113.9")
def test_no_name_bends_a_failure(name: str, text: str) -> None:
    found = run([native(FAILURES[name](text))])
    found.assert_accounted()
    if len(text) > MOST:
        assert not found.events
        assert len(found.dead) == 1
        return
    (event,) = found.events
    if name == "User failed" and event.get("source"):
        assert "ambiguous_address" in event["cisco_esa"]["flags"]
        return
    assert_only_a_name(event, name, text)


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


@pytest.mark.parametrize("rule", OURS, ids=rule_names(OURS))
@pytest.mark.parametrize("mask", ["*", "****", "*" * 40])
def test_a_mask_of_the_appliance_is_no_user(rule: Rule, mask: str) -> None:
    match = rule.pattern.fullmatch(rule.sample)
    assert match is not None
    start, name = match.start("user"), getattr(rule.build(match), "user", None) or "-"
    body = rule.sample[:start] + mask + rule.sample[start + len(name) :]
    for told in (
        SETTINGS,
        replace(SETTINGS, id_key=b"i" * 32, pseudonym_key=b"k" * 32),
    ):
        found = run([native(body)], told)
        found.assert_accounted()
        (event,) = found.events
        assert "user" not in event
        assert "user" not in event["related"]
        assert event["cisco_esa"]["flags"] == ["masked_user"]


def test_a_name_with_asterisks_is_one() -> None:
    event = only(FAILURES["attempt"]("**x**"))
    assert event["user"]["name"] == "**x**"
    assert "flags" not in event["cisco_esa"]


def test_an_address_that_may_be_part_of_the_name_is_flagged() -> None:
    """Of a release that writes none, anybody can make one up."""
    event = only("User admin from 203.0.113.9 failed authentication.")
    assert event["source"]["ip"] == "203.0.113.9"
    assert event["cisco_esa"]["flags"] == ["ambiguous_address"]
    accepted = only("User admin from 203.0.113.9 was authenticated successfully.")
    assert "flags" not in accepted["cisco_esa"]


@pytest.mark.parametrize("length", [480, 1024, 4096, 9216])
@pytest.mark.parametrize("name", FAILURES)
def test_a_line_cut_inside_a_name_forges_nothing(name: str, length: int) -> None:
    """A syslog cuts at its size; the name is as long as it takes."""
    for forged in (
        " was authenticated successfully.",
        " from 203.0.113.9 was authenticated successfully using an HTTPS connection.",
        " from 203.0.113.9 failed",
        " failed authentication.",
        ", Source IP: 203.0.113.9, Event: Successful login",
    ):
        before = FAILURES[name]("\0").partition("\0")[0]
        # So that the cut comes just behind what the name ends in.
        pad = "x" * (length - len(native(before)) - len(forged))
        line = native(FAILURES[name](pad + forged + "y" * 99))[:length]
        assert line.endswith(forged.encode())
        found = run([line])
        found.assert_accounted()
        assert not found.events


FOREIGN = (
    "MID 6 Subject '{}'",
    "MID 6 Custom Log Entry: {}",
    "MID 6 SDR: Domains for which SDR is requested: reverse DNS host: x, helo: {}",
    "ICID 450 Unknown command: {}",
    "New SMTP ICID 451 interface Data 1 (192.0.2.1) address 198.51.100.7 "
    "reverse dns host {} verified no",
    "Message done DCID 5633 MID 441 to RID [0] [('subject', '{}')]",
    "Bounced: DCID 5633 MID 441 to RID 0 - 5.1.0 - ('550', ['{}'])",
    "DKIM: permfail {}",
    "PID 2585: User admin entered '{}'; prompt was '\\nesa01> '",
    "PID 2585: User admin commit changes: {}",
    "User admin commit changes: {}",
    "req:192.0.2.44 user:- id:x 200 GET /{} HTTP/1.1 Mozilla/5.0",
    "Session {} from 192.0.2.44 not found Destination:/x",
    "Session x from 192.0.2.44 not found Destination:/{}",
    "Appliance: esa01, Interaction Mode: CLI, User: admin, Source IP: 192.0.2.44, "
    "Event: User input was '{}'",
    "Appliance: esa01, Interaction Mode: GUI, User: admin, Source IP: 192.0.2.44, "
    "Location: /{}, Event: User visited the web page.",
    "SSL error with client {}",
    "Passphrase has been changed for user {}",
)


@pytest.mark.parametrize("line", FOREIGN)
def test_no_text_of_others_is_a_login(line: str) -> None:
    texts = [*INJECTIONS, *(rule.sample for rule in OURS)]
    for text in texts:
        fact = grammar.read(line.replace("{}", text))
        assert not isinstance(fact, AdminLogin | AdminLogout), text


def test_a_forged_cookie_and_page_end_no_session() -> None:
    """Both are the client's, and the page may be decoded: with blanks in it."""
    line = "Session x user:admin from 192.0.2.44 not found Destination:/a expired"
    assert grammar.read(line) == Unread(False)
    assert grammar.read("Session x user:admin expired") != Unread(False)


# ---- what is not read ---------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "An authentication attempt by the user ann from 192.0.2.44 was refused.",
        "User ann from 2001:db8::44 could not be authenticated.",
        "User ann was authenticated by a passkey.",
        "The user ann logged on from 192.0.2.44.",
        "GUI: User ann logged out from session x because of a reset",
        "CLI: User ann logged out",
        "Authentication OK, user ann logged in to something new",
        "logout: user:ann",
        "Appliance: a, Interaction Mode: GUI, User: ann, Event: Successful login",
        "Appliance: a, Interaction Mode: GUI, User: ann, Source IP: 192.0.2.44, "
        "Event: Login failed",
        "The user ann has exceeded the limit of login attempts",
        "The user ann has made too many attempts to log on via the CLI",
        "User ann is locked after 5 consecutive login failures.",
        "The user account ann has been locked",
        "Account ann was temporarily locked",
        "User ann is over the rate limit",
        "Login: JWT Token Generated for user ann by a passkey",
        "Login: Invalid credentials for user ann",
        "Login failed for user ann",
        "Logout: user ann",
        "Failed login of ann from 192.0.2.44",
        "Failed to authenticate user ann",
        "Invalid login attempt: ann",
        "Too many login attempts: ann",
        "Too many failed login attempts for user ann",
        "RADIUS authentication failed for user ann",
        "Two-factor authentication failed for user ann",
        "Lockout of user ann",
        "Authentication failed for user ann",
        "API: Login refused for user ann",
        "API login of ann failed",
        "JWT Token Generated for user ann",
        "SAML authentication of ann failed",
    ],
)
def test_a_wording_of_the_family_that_is_new_is_refused_and_kept(body: str) -> None:
    found = run([native(body), syslog(body)])
    assert not found.events
    assert [letter["error"]["type"] for letter in found.dead] == ["unread"] * 2
    found.assert_accounted()


@pytest.mark.parametrize(
    "body",
    [
        "User admin commit changes: SMTP authentication for guests",
        "User admin has changed the passphrase",
        "The user interface was restarted",
        "The feature key expired",
        "An attachment was stripped",
        "Action: dropped by filter",
        "Session fRK3TSjz from 192.0.2.44 not found",
        "SourceIP:192.0.2.44 Destination:/x Username:admin Privilege:admin session:x "
        "Action: Something else.",
        "Appliance: a, Interaction Mode: GUI, User: ann, Source IP: 192.0.2.44, "
        "Event: Session established successfully",
        "Appliance: a, Interaction Mode: GUI, User: ann, Source IP: 192.0.2.44, "
        "Location: /system_administration/users, Event: Added user ben",
        "PID 2585: User admin entered 'who'; prompt was '\\nesa01> '",
        "CLI: restarted",
        "logo was uploaded",
        "Checking access for user admin role Administrator",
        "Checking access for user login role authentication",
        "API: GET /esa/api/v2.0/health",
        "Failed to connect to the update server",
        "Invalid DNS response",
        "Successful update of the engine",
        "Account quota changed",
        "JWT library loaded",
    ],
)
def test_what_begins_so_and_is_no_login_is_ignored(body: str) -> None:
    found = run([native(body), syslog(body)])
    assert (found.events, found.dead) == ([], [])
    assert found.counters.ignored == 2


def test_rules_are_of_the_grammar() -> None:
    assert set(OURS) <= set(RULES)
    assert len(OURS) == 24


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([rule.sample for rule in OURS]), hostile_text())
def test_a_login_with_anything_behind_it_is_no_other_login(
    sample: str, text: str
) -> None:
    """It is unread, or the text became part of a name that the line has room for."""
    plain, fact = grammar.read(sample), grammar.read(sample + " " + text)
    if isinstance(fact, AdminLogin) and isinstance(plain, AdminLogin):
        longer = fact.user.startswith(plain.user) or fact.user in sample
        assert longer or fact._replace(reason=plain.reason) == plain

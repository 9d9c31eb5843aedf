"""Nobody makes a login to the appliance, or bends one, by a name or another text."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esa_auth import grammar
from esa_auth.grammar import Rule
from esa_auth.model.facts import AdminLogin, AdminLogout, Unread
from tests.grammar.admin_rules import OURS, only, rule_names
from tests.support.harness import SETTINGS, Event, ended, made, native, run
from tests.support.strategies import INJECTIONS, hostile_text

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

"""A head that nobody knows hides no line of AUTH and no login."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from esa_auth.grammar import GRAMMAR, Rule, places, read
from esa_auth.pipeline import Settings
from tests.envelope.unknown_heads import NATIVE_INFO, UNKNOWN, both
from tests.support.harness import SETTINGS, inbound, native, run, syslog

SOME = settings(max_examples=100, deadline=None)

# No rule reads them, and with a level before them they are of the appliance.
NEW_WORDINGS = (
    b"Login failed for the user ann",
    b"Invalid login attempt by ann",
    b"Authentication failed for ann",
    b"SASL says no",
    b"Account ann has been locked",
    b"Rate limit exceeded for user ann",
    b"Access denied for user ann",
    b"Permission denied for the user ann from 192.0.2.9",
)
KEPT_AS = ("unknown_head", "no_time", "unread")


@pytest.mark.parametrize("head", UNKNOWN)
def test_no_wording_vanishes_behind_an_unknown_head(head: bytes) -> None:
    for rule in GRAMMAR.event_rules:
        for found in both(head + rule.sample.encode()):
            found.assert_accounted()
            assert found.counters.ignored == 0, (head, rule.name)
            assert not found.events, (head, rule.name)
            (letter,) = found.dead
            assert letter["error"]["type"] in KEPT_AS, rule.name


@SOME
@given(st.binary(max_size=400), st.sampled_from(GRAMMAR.event_rules))
@example(b"Session ", GRAMMAR.event_rules[0])
@example(b"User ", GRAMMAR.event_rules[0])
@example(b"DCID " * 70, GRAMMAR.event_rules[0])
def test_whatever_stands_before_it(head: bytes, rule: Rule) -> None:
    """An event is made, or the line is kept; it is never ignored."""
    line = head.replace(b"\n", b"") + b" " + rule.sample.encode()
    for found in both(line):
        found.assert_accounted()
        assert found.counters.ignored == 0


@pytest.mark.parametrize("head", [b"x y: ", b"2026/04/22 11:00:00 Info: "])
@pytest.mark.parametrize(
    "body",
    [
        "SMTP Auth: (ICID 7) deferred for user: ann",
        "SMTP AUTH is something new",
        "SMTPAuth: (ICID 7) succeeded",
        "ICID 7 SMTP Auth succeeded for ann",
        "User ann was not authenticated, the account is locked",
        "The user ann logged in by other means",
    ],
)
def test_a_new_wording_is_kept_too(head: bytes, body: str) -> None:
    (letter,) = run([head + body.encode()]).dead
    assert letter["error"]["type"] == "unknown_head"
    assert letter["cisco_esa"]["reasons"][0].startswith("unknown head")


@pytest.mark.parametrize(
    "head",
    [
        b"Apr 22 11:00:00 esa01 mail.info mail_logs: Info: ",
        b"Apr 22 11:00:00 esa01 mail_logs: [ID 702911 mail.info] Warning: ",
        b"Apr 22 11:00:00 esa01 our own mail logs 2: Info: ",
        b"Apr 22 11:00:00 esa01 mail_logs : Info: ",
        b"Wed Apr 22 11:00:00 2026 INFO: ",
        b"Wed Apr 22 11:00:00 2026 [Info] ",
        b"2026-04-22T11:00:00.123Z  esa01  Wed Apr 22 11:00:00 2026 Info: ",
        b'2026-04-22T11:00:00+00:00\tesa.mail\t{"message":"' + NATIVE_INFO,
    ],
)
def test_a_new_wording_is_kept_behind_a_stamp_and_a_level(head: bytes) -> None:
    for body in NEW_WORDINGS:
        for found in both(head + body):
            found.assert_accounted()
            (letter,) = found.dead
            assert letter["error"]["type"] == "unknown_head", body


@pytest.mark.parametrize("body", NEW_WORDINGS)
def test_a_new_wording_is_kept_behind_a_head_that_is_known(body: bytes) -> None:
    for line in (native(body), syslog(body)):
        (letter,) = run([line]).dead
        assert letter["error"]["type"] == "unread"


@pytest.mark.parametrize(
    "words", [b"Connector says - ", b"MID Info: ", b"x ", b"User log "]
)
def test_no_wording_vanishes_of_a_time_that_is_put_off(words: bytes) -> None:
    """The head begins as a body does, and the line is a day or more from the others."""
    near = b"Apr  2 11:00:00 esa01 mail_logs: Info: " + inbound()
    for rule in GRAMMAR.event_rules:
        line = b"Apr 22 11:00:00 esa01 " + words + rule.sample.encode()
        for after in ([], [near]):
            found = run([near, line, *after])
            found.assert_accounted()
            assert found.counters.ignored == 0, rule.name
            assert [d["error"]["type"] for d in found.dead] == ["unknown_head"]
            assert found.counters.unknown_heads <= 1


def before_the_name(sample: str) -> str:
    user = places(sample).user
    return sample[: user[0]] if user else "0"


# What a row begins with that may be a head: a number is of the appliance.
READ_AS_A_HEAD = sorted(
    {
        words.encode()
        for words in (before_the_name(rule.sample) for rule in GRAMMAR.event_rules)
        if not re.search("[0-9]", words)
    }
)


@pytest.mark.parametrize("lead", READ_AS_A_HEAD)
@pytest.mark.parametrize("more", [b"log ", b"log:", b"", b"x from 192.0.2.9 "])
def test_a_head_that_reads_as_a_name_hides_no_login(lead: bytes, more: bytes) -> None:
    """Without a level nothing says where the head ends; who joe is must be certain."""
    for rule in GRAMMAR.event_rules:
        line = b"Apr 22 11:00:00 esa01 " + lead + more + rule.sample.encode()
        repeated = b"Apr 22 11:00:00 esa01 message repeated 2 times: [ %b]"
        for found in (*both(line), *both(repeated % line[22:])):
            found.assert_accounted()
            assert found.counters.ignored == 0, rule.name
            assert not found.events, line
            assert found.counters.rejected == 1, line


def test_behind_a_level_a_name_may_hold_any_words() -> None:
    """There the head is over, so that the name is no more than a name."""
    body = b"User log User joe failed authentication."
    for line in (native(body), syslog(body)):
        (event,) = run([line]).events
        assert event["user"]["name"] == "log User joe"


def test_a_number_in_the_words_before_a_name_is_of_no_head() -> None:
    """Nobody hides an attempt at SMTP AUTH by a name that looks like a login."""
    body = inbound(user=b"User joe failed authentication.")
    (event,) = run([b"Apr 22 11:00:00 esa01 " + body]).results
    assert event["user"]["name"] == "User joe failed authentication."


@pytest.mark.parametrize("times", [3, 1000, 1001, 999_999_999])
def test_a_new_wording_is_kept_however_often_it_is_repeated(times: int) -> None:
    head = b"Apr 22 11:00:00 esa01 mail_logs: message repeated %d times: [ Info: "
    for body in (*NEW_WORDINGS, b"Login failed for " + b"x" * 900):
        found = run([head % times + body + b"]"])
        found.assert_accounted()
        assert found.counters.rejected == 1, body


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16"])
def test_lines_in_utf_16_are_kept(codec: str) -> None:
    """PowerShell writes a file so when it copies a log with ``>``."""
    text = "".join(
        native(rule.sample).decode() + "\r\n" for rule in GRAMMAR.event_rules
    )
    found = run(text.encode(codec).split(b"\n"))
    found.assert_accounted()
    assert found.counters.rejected == len(GRAMMAR.event_rules)
    covered = Settings(reference=SETTINGS.reference, pseudonym_key=b"k" * 32)
    line = native(inbound(user="Secret-Name"))
    (letter,) = run([line.decode().encode(codec)], covered).dead
    shown = letter["event"]["original"].replace("\0", "")
    assert "Secret" not in shown
    assert "Name" not in shown


def test_the_reason_and_the_appliance_are_said() -> None:
    found = run([b"Apr 22 11:00:00 esa07 log: Wed Info: " + inbound()])
    (letter,) = found.dead
    assert letter["observer"]["name"] == "esa07"
    assert letter["error"]["type"] == "unknown_head"


def test_lines_with_an_unknown_head_are_counted() -> None:
    lines = [
        *(b"GET / HTTP/1.1", b"\x1f\x8b\x08\x00 packed", b"{}", inbound()[5:]),
        *(b"", b"   ", native("MID 6 queued"), syslog("LDAP: x"), b"Info: x"),
        *(b"Apr 22 11:00:00 web01 nginx: started", inbound(), b"ICID 450 close"),
    ]
    assert run(lines).counters.unknown_heads == 4


def test_words_are_those_of_the_rules() -> None:
    for rule in GRAMMAR.event_rules:
        assert read(rule.sample)
        assert run([b"?? " + rule.sample.encode()]).counters.rejected == 1

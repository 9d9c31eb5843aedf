"""What a row says of itself is so."""

import re
from dataclasses import replace

import pytest

from esa_auth.grammar import GRAMMAR, RULES, Family, Grammar, Rule
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    DeliveryStarted,
    HatDecision,
    InboundAddress,
    InboundOpened,
    InboundResult,
    LogBegun,
    LogOffset,
    LogVersion,
    MessageAborted,
    MessageReady,
    MessageStarted,
    OutboundOpened,
    OutboundResult,
    Passed,
    RecipientGiven,
    SenderGiven,
    SessionClosed,
    SessionLost,
    Tls,
)

FACTS: dict[Family, tuple[type, ...]] = {
    "auth": (InboundResult, OutboundResult, AuthNotice),
    "login": (AdminLogin, AdminLogout),
    "opening": (InboundOpened, OutboundOpened),
    "context": (HatDecision, Tls, InboundAddress, SessionLost),
    "close": (SessionClosed,),
    "message": (
        MessageStarted,
        SenderGiven,
        RecipientGiven,
        MessageReady,
        MessageAborted,
    ),
    "delivery": (DeliveryStarted, Delivered, Bounced, Delayed, ConnectionFailed),
    "header": (LogBegun, LogVersion, LogOffset),
    "ignored": (Passed,),
}
each = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


@each
def test_its_facts_are_of_its_family(rule: Rule) -> None:
    for sample in rule.samples:
        reading = GRAMMAR.reading(sample)
        assert reading is not None
        assert reading.rule is rule
        assert isinstance(reading.fact, FACTS[rule.family])


@each
def test_its_samples_begin_with_its_lead(rule: Rule) -> None:
    for sample in rule.samples:
        assert f"{sample} ".startswith(rule.lead)


@each
def test_the_side_of_a_row_is_that_of_its_connection(rule: Rule) -> None:
    for sample in rule.samples:
        reading = GRAMMAR.reading(sample)
        assert reading is not None
        fact = reading.fact._asdict()
        side = fact.get("side") or ("dcid" if fact.get("dcid") else None)
        side = side or ("icid" if fact.get("icid") else None)
        assert side in (None, rule.side)


AT_SIGHT = [(rule, words) for rule in RULES for words in rule.at_sight]


@pytest.mark.parametrize(
    ("rule", "words"), AT_SIGHT, ids=lambda part: getattr(part, "name", part)
)
def test_words_that_need_no_reading_are_of_this_row_alone(
    rule: Rule, words: str
) -> None:
    assert rule.side is not None
    pattern = GRAMMAR.at_sight[rule.side]
    begin = f"{rule.side.upper()} 450 {words}"
    match = pattern.match(begin.encode())
    if rule.family == "ignored":
        assert match is None
    else:
        assert match
        assert match[1] == b"450"
        assert (match.lastgroup == "close") is (rule.family == "close")
    begins = re.compile(f"{rule.side.upper()} [0-9]+ {re.escape(words)}")
    assert {other.name for other in RULES if any(map(begins.match, other.samples))} == {
        rule.name
    }
    reading = GRAMMAR.reading(begin if rule.family == "close" else f"{begin}x")
    assert reading is None or reading.rule.family == rule.family


def test_what_is_passed_over_unread_is_read_by_no_row() -> None:
    ignored = re.compile(GRAMMAR.mail_to_ignore())
    for rule in RULES:
        for sample in rule.samples:
            assert not ignored.match(sample), rule.name
    for body in (
        "MID 450 queued for delivery",
        "Message finished MID 450 done",
        "MID 450 Subject 'SMTP Auth: (ICID 450)'",
    ):
        assert ignored.match(body), body


def test_nothing_is_passed_over_that_a_row_with_any_words_may_read() -> None:
    row = replace(
        next(rule for rule in RULES if rule.name == "message ready"),
        expression=r"MID ([0-9]{1,12}) (?:put|set) aside",
        sample="MID 450 put aside",
    )
    ignored = re.compile(Grammar((*RULES, row)).mail_to_ignore())
    assert not ignored.match(row.sample)
    assert not ignored.match("MID 450 queued for delivery")
    assert ignored.match("Message finished MID 450 done")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("x using AUTH mechanism: PLAIN", "auth"),
        ("for user: root", "auth"),
        ("a with profile: staff", "auth"),
        ("a from 192.0.2.9", "login"),
        ("a, Role: b", "login"),
        ("a, Source IP: b", "login"),
        ("a failed authentication", "login"),
        ("a logged out from 192.0.2.9", "login"),
    ],
)
def test_a_name_that_holds_words_of_its_line_is_ambiguous(
    name: str, family: Family
) -> None:
    assert GRAMMAR.delimiters[family].search(f" {name}")


@pytest.mark.parametrize(
    "name",
    ["ann", "", "ann@example.com", "John Smith", "EXAMPLE\\ann", "user", "a user b"],
)
def test_an_ordinary_name_is_not_ambiguous(name: str) -> None:
    assert not GRAMMAR.delimiters["auth"].search(f" {name}")
    assert not GRAMMAR.delimiters["login"].search(f" {name}")


@pytest.mark.parametrize(
    ("word", "outcome"), [("succeeded", "success"), ("failed", "failure")]
)
def test_the_verdict_of_an_attempt_is_the_word_of_its_line(
    word: str, outcome: str
) -> None:
    inbound = GRAMMAR.read(
        f"SMTP Auth: (ICID 450) {word} for user: ann "
        "using AUTH mechanism: PLAIN with profile: staff"
    )
    outbound = GRAMMAR.read(
        "DCID: 5640 IP: 192.0.2.7 SMTP authentication using the profile relay "
        + {"succeeded": "succeeded.", "failed": "failed: ('535', ['5.7.8 No'])"}[word]
    )
    assert isinstance(inbound, InboundResult)
    assert isinstance(outbound, OutboundResult)
    assert inbound.outcome == outbound.outcome == outcome

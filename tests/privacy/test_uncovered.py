"""A name leaves covered or not at all, whatever it is and wherever it stands."""

import re
from typing import Any

import orjson
import pytest

from esa_auth import grammar
from esa_auth.grammar import RULES, Rule
from esa_auth.model.facts import AuthNotice, OutboundResult
from tests.privacy.covered import PLAIN, SETTINGS, state_of, written
from tests.privacy.names import NAMED, SHAPES, found, line_of, seeded
from tests.support.harness import native, run, syslog

WORD, OTHER = seeded(2)
# Words of replies and heads, and what stands beside a name.
WORDS = (
    *("jan", "may", "Mar", "sun", "host", "service", "policy", "Info", "esa01", "Wed"),
    *("mailbox", "unknown", "denied", "access", "e", "a", "535", "2009", "staff"),
    *("[hidden]", "pn-0", "relay", "x y", "****x", "5.7.8", "ICID 450", "450", "user"),
    *("failed", "succeeded", "for", "mail_logs", "PLAIN", "SMTP", "AUTH", "from"),
)
PHRASES = (
    " using AUTH mechanism: PLAIN with profile: staff",
    "a for user: b",
    "x failed authentication.",
    "a, Role: b",
    "a from 192.0.2.9",
    "a successfully logged on from 192.0.2.9",
    "a logged out from session b because of inactivity timeout",
    "a has exceeded the limit of login attempts",
)
UNREAD = (
    "SMTP Auth: (ICID 450) deferred for user: {} by policy",
    "SMTP Auth: (ICID 450) {} was refused",
    "SMTP Auth: (ICID 450) failed for user: {}",
    "SMTP Auth: (ICID 450) failed for user: {} using AUTH mechanism: ",
    "SMTP Auth: {}",
    "SMTP Auth forward server connection to {}, port closed",
    "DCID: 450 IP: 192.0.2.7 SMTP authentication using the profile relay broke: {}",
    "SASL ({}) went wrong",
    "ICID 450 SMTP AUTH {}",
    "User {} could not be authenticated",
    "The user {} was not logged in to anything",
    "An authentication attempt by {} from 192.0.2.44 failed oddly",
    "An authentication attempt by the user {} from 192.0.2.44 was odd",
    "Authentication OK, user {} logged in to something new",
    "logout:192.0.2.44 {} session:x",
    "CLI: User {} logged out",
    "GUI: User {} logged out from session x because of a reset",
    "Appliance: a, Interaction Mode: GUI, User: {}, Event: Successful login",
)
REPLIES = (
    "DCID: 450 IP: 192.0.2.7 SMTP authentication using the profile relay "
    "failed: ('535', ['5.7.8 no such user {}', '{} is unknown'])",
    "DCID: 450 IP: 192.0.2.7 SMTP authentication using the profile relay "
    "failed: ('535', ['{} is unknown'])",
    "DCID: 450 IP: 192.0.2.7 SMTP authentication using the profile relay failed: {}",
    "SMTP Auth: (ICID 450) could not reach forwarding server 192.0.2.9 with reason: "
    "{} is not allowed",
    "SMTP Auth: (ICID 450) could not reach forwarding server 192.0.2.9 for {}",
)


def bare(tree: Any, pseudonyms: tuple[str, ...]) -> Any:
    """Return what is left of events and letters that hangs on no name."""
    text = orjson.dumps(tree, option=orjson.OPT_SORT_KEYS).decode()
    for pseudonym in pseudonyms:
        text = text.replace(pseudonym, "NAME")
    tree = orjson.loads(text)
    for event in tree:
        event["event"].pop("id", None)
        event["event"].pop("hash", None)
        own = event["cisco_esa"]
        own.pop("original_base64", None)
        own.pop("flags", None)
    return tree


def words_of(line: str) -> list[str]:
    """Return names that are words of the line, and others that are hard to tell."""
    own = re.findall(r"[A-Za-z]{2,}", line)
    return list(dict.fromkeys([*own, *WORDS, *PHRASES]))


def assert_alike(form: str, name: str) -> None:
    """What is written of ``form`` is the same, whoever it names."""
    outcome = []
    for who in (name, OTHER):
        got = run([native(form.replace("{}", who)), syslog(form.replace("{}", who))],
                  SETTINGS)  # fmt: skip
        got.assert_accounted()
        assert got.events or got.dead
        pseudonymizer = SETTINGS.pseudonymizer
        assert pseudonymizer is not None
        marks = tuple(e["user"]["name"] for e in got.events if "user" in e)
        outcome.append((bare(got.events, marks), bare(got.dead, marks)))
    assert outcome[0] == outcome[1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_row_says_where_the_name_and_the_words_of_others_stand(
    rule: Rule,
) -> None:
    for sample in rule.samples:
        fact, places = grammar.read(sample), grammar.places(sample)
        if getattr(fact, "user", None):
            assert places.user is not None
        if isinstance(fact, OutboundResult) and fact.reason:
            assert places.texts
        if isinstance(fact, AuthNotice) and fact.reason:
            assert places.texts or fact.reason in rule.expression


@pytest.mark.parametrize("rule", NAMED, ids=lambda rule: rule.name)
def test_no_row_lets_a_name_out(rule: Rule) -> None:
    for shape in (*SHAPES, "{}, Role: {}", "{} from 192.0.2.9, {}"):
        lines = [native(line_of(rule, shape.replace("{}", WORD)))]
        got = run(lines, SETTINGS)
        got.assert_accounted()
        if shape == "{}":
            assert WORD.encode() in written(run(lines, PLAIN))
        assert got.counters.ignored == 0 or not run(lines, PLAIN).events
        assert found([WORD], written(got) + state_of(lines)) == []


@pytest.mark.parametrize("rule", NAMED, ids=lambda rule: rule.name)
def test_a_name_that_is_a_word_of_the_line_is_covered_as_any(rule: Rule) -> None:
    form = line_of(rule, "{}")
    for name in words_of(form):
        if rule.pattern.fullmatch(form.replace("{}", name)) is None:
            continue
        got = run([native(form.replace("{}", name))], SETTINGS)
        got.assert_accounted()
        fact = grammar.read(form.replace("{}", name))
        for event in got.events:
            assert event["user"]["name"].startswith(("pn-", "[redacted]"))
        if getattr(fact, "user", None) == name:
            assert_alike(form, name)


@pytest.mark.parametrize("form", UNREAD)
def test_a_line_that_is_not_read_shows_no_name(form: str) -> None:
    shown = len(grammar.own_text(form.replace("{}", OTHER)))
    for name in words_of(form):
        line = form.replace("{}", name)
        # Where a row has this very word, nobody can tell that it is a name.
        if len(grammar.own_text(line)) == shown and run([native(line)], PLAIN).dead:
            assert_alike(form, name)


@pytest.mark.parametrize("form", REPLIES)
def test_a_reply_shows_no_name(form: str) -> None:
    for name in words_of(form):
        # Such a word begins no reply that names somebody.
        if name != "5.7.8":
            assert_alike(form, name.strip())


def test_a_letter_still_says_what_the_appliance_wrote() -> None:
    (letter,) = run([syslog(UNREAD[0].replace("{}", "may"))], SETTINGS).dead
    assert letter["event"]["original"] == (
        "Apr 22 11:00:00 Info: SMTP Auth: (ICID 450) [hidden]"
    )
    assert letter["observer"]["name"] == "esa01"
    (letter,) = run([native("sasl went wrong for may")], SETTINGS).dead
    assert letter["event"]["original"] == "Wed Apr 22 11:00:00 2009 Info: [hidden]"


def test_a_reply_still_says_its_codes() -> None:
    (event, _) = run([native(REPLIES[0].replace("{}", "may"))], SETTINGS).events
    assert event["error"]["code"] == "535"
    assert event["event"]["reason"] == "5.7.8 [hidden]"
    assert event["message"].endswith("failed: ('535', ['5.7.8 [hidden]'])")
    assert grammar.read(event["message"]) == grammar.read(
        REPLIES[0].partition("failed: ")[0] + "failed: ('535', ['5.7.8 [hidden]'])"
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("5.7.8 two words", "5.7.8 [hidden]"),
        ("one, two; three", "[hidden]"),
        ("ann <ann@example.com> no such user", "[hidden] pn- [hidden]"),
        ("ann@example.com bob@example.com", "pn- pn-"),
        ("ann@example.com, ann bob", "pn- [hidden]"),
    ],
)
def test_words_of_a_reply_are_hidden_together_and_mailboxes_apart(
    said: str, shown: str
) -> None:
    """How many words stood there would tell something of them."""
    line = (
        "DCID: 5640 IP: 192.0.2.7 SMTP authentication using the profile relay"
        f" failed: ('535', ['{said}'])"
    )
    (event, _) = run([native(line)], SETTINGS).events
    reason = re.sub(r"pn-\S+", "pn-", event["event"]["reason"])
    assert reason == shown

"""A new row of the grammar is all that a new line form takes.

Each of the rows here has first words that no other row has; what the rest of the
program must know of it, it derives from the row.
"""

import argparse
import re
from dataclasses import replace
from typing import Any

import pytest

from esa_auth import grammar
from esa_auth.commands import explain
from esa_auth.grammar import Rule
from esa_auth.grammar.admin import ADDRESS, NAME, SESSION
from esa_auth.model.facts import AdminLogin, Fact, HatDecision, InboundResult
from tests.support.harness import SETTINGS, Run, inbound, native, opened, run, syslog
from tests.support.rows import add_rows

PRIVATE = replace(SETTINGS, pseudonym_key=b"k" * 32, redact=True)
NUMBER = "([0-9]{1,12})"
WHO = "(?P<user>.*)"


def refused(match: "re.Match[str]") -> Fact:
    return InboundResult(match[1], "failure", match["user"], "PLAIN", "staff")


def login(match: "re.Match[str]") -> Fact:
    return AdminLogin("ADMIN_PORTAL_LOGIN", "failure", match["user"], match[2])


def row(name: str, expression: str, sample: str, **others: Any) -> Rule:
    """Return a row whose lead is the first word of its sample."""
    others = {
        "family": "auth",
        "build": refused,
        "lead": sample.split(" ")[0],
        **others,
    }
    return Rule(name=name, expression=expression, sample=sample, seen="here", **others)


NEW = (
    row(
        "credentials on a connection",
        rf"ICID {NUMBER} CREDENTIALS denied to user: {WHO} under policy: \S+",
        "ICID 450 CREDENTIALS denied to user: ann under policy: strict",
    ),
    row(
        "credentials",
        rf"Credentials \(ICID {NUMBER}\) denied to user: {WHO} under policy: \S+",
        "Credentials (ICID 450) denied to user: ann under policy: strict",
    ),
    row(
        "credentials of a message",
        rf"MID [0-9]+ Credentials \(ICID {NUMBER}\) denied to user: {WHO} "
        r"under policy: \S+",
        "MID 6 Credentials (ICID 450) denied to user: ann under policy: strict",
    ),
    row(
        "portal login",
        rf"Portal login of user: {NAME} from {ADDRESS} denied under policy: {SESSION}",
        "Portal login of user: ann from 192.0.2.44 denied under policy: strict",
        family="login",
        build=login,
    ),
)
COUNTRY = row(
    "country",
    rf"ICID {NUMBER} geolocation (.+)",
    "ICID 450 geolocation Atlantis",
    family="context",
    build=lambda m: HatDecision(m[1], country=m[2]),
)
each = pytest.mark.parametrize("new", NEW, ids=lambda rule: rule.name)
each_of_auth = pytest.mark.parametrize("new", NEW[:3], ids=lambda rule: rule.name)


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    add_rows(monkeypatch, *NEW, COUNTRY)


def only(got: Run) -> dict[str, Any]:
    got.assert_accounted()
    assert not got.dead
    (result,) = got.results
    return result


def explained(line: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    parser = argparse.ArgumentParser()
    explain.add_parser(parser.add_subparsers())
    args = parser.parse_args(["explain", line.decode()])
    assert args.run(args) == 0
    return capsys.readouterr().out


def test_rows_that_come_later_are_known_too(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = NEW[2]
    with monkeypatch.context() as before:
        before.setattr(grammar, "GRAMMAR", grammar.Grammar(grammar.RULES))
        assert not run([native(mail.sample)]).results
    assert only(run([native(mail.sample)]))


@pytest.mark.parametrize("frame", [native, syslog])
@each
def test_its_lines_are_events(new: Rule, frame: Any) -> None:
    event = only(run([frame(new.sample)]))
    assert event["event"]["outcome"] == "failure"
    assert event["user"]["name"] == "ann"
    assert "ambiguous_user" not in event["cisco_esa"].get("flags", ())


@pytest.mark.parametrize("frame", [native, syslog])
@each_of_auth
def test_its_events_are_joined_with_their_session(new: Rule, frame: Any) -> None:
    got = run([frame(body) for body in (*opened(), new.sample, "ICID 450 close")])
    assert only(got)["cisco_esa"]["session"]["context"] == "complete"
    assert got.counters.session_ends == 1


@each
def test_a_line_that_departs_from_it_is_a_dead_letter(new: Rule) -> None:
    body = new.sample.replace("denied", "put off")
    if new.family == "auth":
        body = new.sample.replace(" under", " in spite of")
    for frame in (native, syslog):
        got = run([frame(body)])
        got.assert_accounted()
        (letter,) = got.dead
        assert letter["error"]["type"] == "unread"
    (letter,) = run([b"xx yy zz/" + body.encode()]).dead
    assert letter["error"]["type"] == "unknown_head"


@each
def test_behind_a_head_that_nobody_knows_it_is_kept(new: Rule) -> None:
    got = run([b"xx yy zz/" + new.sample.encode()])
    got.assert_accounted()
    (letter,) = got.dead
    assert letter["error"]["type"] == "unknown_head"


@each
def test_a_name_with_words_of_its_line_is_flagged(new: Rule) -> None:
    words = "from 192.0.2.9" if new.family == "login" else "under policy: x"
    body = new.sample.replace("ann", f"ann {words}")
    assert "ambiguous_user" in only(run([native(body)]))["cisco_esa"]["flags"]


@each
def test_privacy_covers_its_names(new: Rule) -> None:
    for name in ("ann", "Correct-Horse9"):
        event = only(run([native(new.sample.replace("ann", name))], PRIVATE))
        assert name not in str(event)
        assert event["user"]["name"] in event["message"]
    body = new.sample.replace("policy: ", "policy:").replace("ann", "zoe")
    (letter,) = run([native(body)], PRIVATE).dead
    assert "zoe" not in str(letter)
    own = letter["event"]["original"].partition(" Info: ")[2]
    assert own.split(" ")[0] == new.lead


def test_privacy_hides_its_token() -> None:
    event = only(run([native(NEW[3].sample)]))
    assert event["message"].endswith("under policy: [hidden]")


@each
def test_explain_knows_it(new: Rule, capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(native(new.sample), capsys)
    assert re.search(rf"^rule +{new.name} *$", text, re.MULTILINE)
    assert re.search(r"^\w user +ann *$", text, re.MULTILINE)
    assert '"outcome": "failure"' in text
    text = explained(native(new.sample.rpartition(" under")[0]), capsys)
    assert re.search(rf"^nearest rule +{new.name} *$", text, re.MULTILINE)


def test_a_row_on_a_connection_with_a_first_word_of_its_own_is_context() -> None:
    lines = [native(opened()[0]), native(COUNTRY.sample), native(inbound())]
    got = run(lines)
    assert got.counters.context == 2
    assert only(got)["cisco_esa"]["policy"]["country"] == "Atlantis"


def test_the_other_rows_read_what_they_read() -> None:
    for rule in grammar.RULES:
        assert grammar.rule_for(rule.sample) is rule

"""Where a name stood is its pseudonym, the same everywhere, and no more is changed."""

import random

import orjson
import pytest

from esa_auth import grammar
from esa_auth.grammar import Rule
from esa_auth.model.facts import AdminLogin, AdminLogout
from esa_auth.pipeline import Settings
from esa_auth.privacy import Pseudonymizer
from tests.fuzz.lines import mutated
from tests.grammar.admin_rules import OURS
from tests.privacy.covered import KEY
from tests.privacy.names import found, lines_of, seeded
from tests.support.harness import inbound, made, native, opened, run

WORDS = seeded()
SETTINGS = Settings(reference=1_782_864_000, id_key=b"i" * 32, pseudonym_key=KEY)
PLAIN = Settings(reference=1_782_864_000, id_key=b"i" * 32)
REDACTING = Settings(reference=1_782_864_000, id_key=b"i" * 32, redact=True)


def test_equal_names_have_equal_pseudonyms_in_every_field() -> None:
    lines = [*map(native, opened()), native(inbound(user="ann@example.com"))]
    lines.append(native(inbound(user="ann@example.com", outcome="succeeded"), 1))
    first, second, end = run([*lines, native("ICID 450 close", 2)], SETTINGS).events
    name = first["user"]["name"]

    assert name == Pseudonymizer(KEY, False).name("ann@example.com")
    assert first["user"] == second["user"] == end["user"] == {"name": name}
    for event in (first, second, end):
        assert event["related"]["user"] == [name]
    assert f" for user: {name} using AUTH" in first["event"]["original"]
    assert first["event"]["original"].endswith(first["message"])
    assert first["event"]["original"].startswith("Wed Apr 22 11:00:00 2009 Info: SMTP")


def test_the_rest_of_an_event_is_as_without() -> None:
    lines = [*map(native, opened()), native(inbound(user="ann@example.com"))]
    open_settings = Settings(reference=SETTINGS.reference, id_key=SETTINGS.id_key)
    (plain,) = run(lines, open_settings).results
    (covered,) = run(lines, SETTINGS).results
    for event in (plain, covered):
        del event["user"], event["message"], event["related"]["user"]
        del event["event"]["original"], event["event"]["hash"]
    assert plain == covered


def test_the_key_and_its_id_are_in_a_pseudonym() -> None:
    one, other = Pseudonymizer(KEY, False), Pseudonymizer(b"o" * 32, False)
    assert one.name("ann") != one.name("Ann")
    assert one.name("ann") != other.name("ann")
    assert one.name("ann").startswith(f"pn-{one.key_id}-")
    assert one.key_id != other.key_id
    assert KEY.hex()[:8] != one.key_id


def test_an_ambiguous_name_is_flagged_behind_its_pseudonym() -> None:
    name = "x using AUTH mechanism: NONE with profile: none"
    (event,) = run([native(inbound(user=name))], SETTINGS).results
    assert "ambiguous_user" in event["cisco_esa"]["flags"]
    assert "NONE" not in orjson.dumps(event).decode()


@pytest.mark.parametrize("rule", OURS, ids=lambda rule: rule.name)
def test_the_name_of_an_administrator_is_covered_wherever_it_stands(
    rule: Rule,
) -> None:
    fact = grammar.read(rule.sample)
    assert isinstance(fact, AdminLogin | AdminLogout)
    # A dash is nobody, and somebody can stand there.
    before, _, after = rule.sample.partition(fact.user or "-")
    line = before + WORDS[0] + after
    (event,) = run([native(line)], SETTINGS).events
    (plain,) = run([native(line)], PLAIN).events

    assert found(WORDS, orjson.dumps(event)) == []
    pseudonym = event["user"]["name"]
    assert pseudonym == Pseudonymizer(KEY, False).name(WORDS[0])
    assert event["event"]["original"].endswith(event["message"])
    assert event["message"].replace(pseudonym, WORDS[0]) == plain["message"]
    for both in (event, plain):
        del both["user"], both["related"]["user"], both["message"]
        del both["event"]["original"], both["event"]["hash"]
    assert event == plain


@pytest.mark.parametrize("settings", [SETTINGS, REDACTING])
def test_the_token_of_a_session_is_taken_out_of_the_line_too(
    settings: Settings,
) -> None:
    """It is as good as a password while it lasts."""
    token = "wKV0AK29GgdhztflXSal"  # noqa: S105 - made up
    lines = [
        f"logout:192.0.2.44 user:ann session:{token}",
        f"Session {token} user:ann expired",
        f"GUI: User ann logged out from session {token} because of inactivity timeout",
        f"Action: User ann logged out from session {token} beacuse of inactivity "
        "timeout",
        "SourceIP:192.0.2.44 Destination:/login Username:ann Privilege:admin "
        f"session:{token} Action: The HTTPS session has been established successfully.",
    ]
    ended = run([native(line) for line in lines], settings)
    assert len(ended.events) == len(lines)
    assert token.encode() not in orjson.dumps(ended.events)


@pytest.mark.parametrize("number", range(0, 200, 4))
def test_no_damaged_line_shows_a_name(number: int) -> None:
    """A wording that is nearly one that is known has no place for a name."""
    chance = random.Random(number)
    words = WORDS[number : number + 4]
    lines = [
        mutated(line, chance) if chance.random() < 0.6 else line
        for word in words
        for line in lines_of(WORDS.index(word), word)
        if len(line) < 5000
    ]
    ended = run(lines, SETTINGS)
    assert len(ended.events) > 10
    written = orjson.dumps([ended.events, ended.dead])
    assert found(words, written) == []


@pytest.mark.parametrize("words", [" with reason: no", ": no", " said: no", ", no"])
def test_no_wording_puts_a_name_in_the_place_of_a_server(words: str) -> None:
    line = "SMTP Auth: (ICID 450) could not reach forwarding server 192.0.2.9"
    (event,) = run([native(f"{line}{words} account ann.lee")], SETTINGS).events[:1]
    assert b"ann.lee" not in orjson.dumps(event)
    server = event["cisco_esa"]["backend"]["address"]
    assert server.startswith("192.0.2.9")
    assert event["message"].startswith(line)


def test_a_state_of_another_setting_is_not_taken_up() -> None:
    plain = made(Settings(reference=SETTINGS.reference))
    plain.feed([native(inbound(user=WORDS[0]))])
    with pytest.raises(ValueError, match="privacy"):
        made(SETTINGS).restore(plain.snapshot())
    covered = made(SETTINGS)
    covered.feed([native(inbound(user=WORDS[0]))])
    made(SETTINGS).restore(covered.snapshot())
    with pytest.raises(ValueError, match="privacy"):
        made(Settings()).restore(covered.snapshot())

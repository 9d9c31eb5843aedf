"""What stands around an empty or a masked name may be what was typed, too."""

from dataclasses import replace

import pytest

from esa_auth.pipeline import Settings
from tests.privacy.covered import PLAIN, SETTINGS, written
from tests.privacy.names import found, seeded
from tests.support.harness import ended, inbound, made, native, run

(WORD,) = seeded(1)
REDACTING = replace(SETTINGS, pseudonym_key=None)
REFUSED = (
    "Appliance: esa01, Interaction Mode: API, User: {}, Source IP: 192.0.2.44, "
    "Location: /login, Event: Error - Code: 401, Details: "
    "Invalid username or passphrase."
)


@pytest.mark.parametrize("settings", [SETTINGS, REDACTING], ids=["both", "redact"])
@pytest.mark.parametrize("name", ["", "****", "ann"], ids=["empty", "masked", "plain"])
def test_a_role_that_was_typed_is_hidden(name: str, settings: Settings) -> None:
    line = native(REFUSED.format(f"{name}, Role: {WORD}"))
    assert WORD.encode() in written(run([line], PLAIN))
    got = run([line], settings)
    got.assert_accounted()
    assert got.counters.results == 1
    assert found([WORD], written(got)) == []


def test_a_masked_name_is_still_said_to_be_masked() -> None:
    (event,) = run([native(REFUSED.format("****"))], SETTINGS).events
    assert event["cisco_esa"]["flags"] == ["masked_user"]
    assert "user" not in event


def test_a_long_line_with_an_empty_name_may_be_cut_in_what_was_typed() -> None:
    typed = f" using AUTH mechanism: PLAIN with profile: {WORD}" + "x" * 2000
    line = native(inbound(450, typed))[:1019]
    assert run([line], PLAIN).results[0]["cisco_esa"]["auth"]["profile"][:12] == WORD
    for settings in (SETTINGS, REDACTING):
        got = run([line], settings)
        got.assert_accounted()
        assert [letter["error"]["type"] for letter in got.dead] == ["uncovered_name"]
        assert found([WORD], written(got)) == []


def test_a_notice_without_a_name_has_nothing_to_cover() -> None:
    line = native("SMTP Auth: (ICID 450) LDAP query/user lookup failed for user: ")
    got = run([line], SETTINGS)
    assert got.counters.ancillary == 1
    assert got.events[0]["event"]["original"] == line.decode()


def test_a_part_of_a_name_is_no_appliance() -> None:
    name = f"ann\n{WORD} mail_logs: Info: SMTP Auth: (ICID 450) went wrong"
    lines = native(inbound(450, name)).split(b"\n")
    assert run(lines, PLAIN).dead[1]["observer"]["name"] == WORD
    for settings in (SETTINGS, REDACTING):
        pipeline = made(settings)
        pipeline.feed(lines)
        assert WORD not in pipeline.registry.appliances
        got = ended(pipeline)
        got.assert_accounted()
        assert len(got.dead) == 2
        assert found([WORD], written(got)) == []

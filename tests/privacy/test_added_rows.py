"""A row that somebody adds says where its name stands, or lets nothing out."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from esa_auth.grammar import Rule
from esa_auth.model.facts import AdminLogin, Fact, InboundResult
from esa_auth.pipeline import Settings
from tests.privacy.covered import SETTINGS, state_of, written
from tests.privacy.names import found, seeded
from tests.support.harness import native, run
from tests.support.rows import add_rows

(WORD,) = seeded(1)


def build(match: "re.Match[str]") -> Fact:
    return InboundResult(match[1], "failure", match[2], "PLAIN", "staff")


def admin(match: "re.Match[str]") -> Fact:
    return AdminLogin("ADMIN_X", "failure", match[2])


WHERE = "SASL ICID ([0-9]{1,12}) failed, user: "
SAMPLE = "SASL ICID 450 failed, user: ann"


def new_row(expression: str, make: Any) -> Rule:
    return Rule(
        name="new",
        family="auth" if make is build else "login",
        lead="SASL",
        expression=expression,
        build=make,
        sample=SAMPLE,
        seen="here",
    )


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rule], None]:
    def added(row: Rule) -> None:
        add_rows(monkeypatch, row)

    return added


@pytest.mark.parametrize("make", [build, admin])
def test_a_row_that_says_where_the_name_is_is_covered(
    add: Callable[[Rule], None], make: Any
) -> None:
    add(new_row(WHERE + "(?P<user>.*)", make))
    lines = [native(SAMPLE.replace("ann", f"Correct-{WORD}9"))]
    got = run(lines, SETTINGS)
    got.assert_accounted()
    assert got.counters.results == 1
    assert got.results[0]["user"]["name"] == "[redacted]"
    assert found([WORD], written(got) + state_of(lines)) == []


@pytest.mark.parametrize("make", [build, admin])
@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        replace(SETTINGS, redact=False),
        replace(SETTINGS, pseudonym_key=None),
        replace(SETTINGS, wait=2),
        replace(SETTINGS, redact_wait=60),
    ],
    ids=["both", "pseudonymize", "redact", "wait", "redact_wait"],
)
@pytest.mark.parametrize("user", ["(.*)", "(?=(.*))(?P<user>[A-Z]?).*"])
def test_a_row_that_does_not_say_it_lets_nothing_out(
    add: Callable[[Rule], None], make: Any, settings: Settings, user: str
) -> None:
    add(new_row(WHERE + user, make))
    lines = [native(SAMPLE.replace("ann", f"Correct-{WORD}9"))]
    got = run(lines, settings)
    got.assert_accounted()
    assert got.events == []
    (letter,) = got.dead
    assert letter["error"]["type"] == "uncovered_name"
    assert got.counters.rejected == 1
    assert found([WORD], written(got) + state_of(lines)) == []

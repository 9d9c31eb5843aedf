"""A new row of the grammar is all that a new line form takes."""

import pytest

from esa_auth.grammar import Rule
from esa_auth.model.facts import HatDecision
from tests.support.harness import inbound, native, opened, run
from tests.support.rows import add_rows


def test_a_row_on_a_connection_with_a_first_word_of_its_own_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = Rule(
        name="country",
        family="context",
        lead="ICID",
        expression=r"ICID ([0-9]{1,12}) geolocation (.+)",
        build=lambda m: HatDecision(m[1], country=m[2]),
        sample="ICID 450 geolocation Atlantis",
        seen="here",
    )
    add_rows(monkeypatch, row)
    lines = [native(opened()[0]), native(row.sample), native(inbound())]
    got = run(lines)
    got.assert_accounted()
    assert got.counters.context == 2
    assert got.results[0]["cisco_esa"]["policy"]["country"] == "Atlantis"

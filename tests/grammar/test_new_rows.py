"""A new row of the grammar is all that a new line form takes."""

import pytest

from esa_auth import grammar
from esa_auth.grammar import Rule
from esa_auth.model.facts import HatDecision
from tests.support.harness import inbound, native, opened, run


def test_a_row_on_a_connection_with_a_first_word_of_its_own_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = Rule(
        "country",
        "ICID",
        r"ICID ([0-9]{1,12}) geolocation (.+)",
        lambda m: HatDecision(m[1], country=m[2]),
        "ICID 450 geolocation Atlantis",
        "here",
    )
    monkeypatch.setitem(grammar._BY_LEAD, "icid", (row, *grammar._BY_LEAD["icid"]))
    lines = [native(opened()[0]), native(row.sample), native(inbound())]
    got = run(lines)
    got.assert_accounted()
    assert got.counters.context == 2
    assert got.results[0]["cisco_esa"]["policy"]["country"] == "Atlantis"

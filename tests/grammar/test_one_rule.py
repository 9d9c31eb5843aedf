"""Each sample is read by its own rule, and by no other."""

import pytest

from esa_auth import grammar
from esa_auth.grammar import RULES, Rule
from esa_auth.model.facts import Unread


def ids_of(rules: tuple[Rule, ...]) -> list[str]:
    return [rule.name for rule in rules]


@pytest.mark.parametrize("rule", RULES, ids=ids_of(RULES))
def test_only_its_own_rule_reads_a_sample(rule: Rule) -> None:
    """So the order of the rules means nothing."""
    matching = [r.name for r in RULES if r.pattern.fullmatch(rule.sample)]
    assert matching == [rule.name]
    assert grammar.rule_for(rule.sample) is rule
    assert not isinstance(grammar.read(rule.sample), Unread)
    # A line in a file may end in a blank.
    assert grammar.read(rule.sample + " ") == grammar.read(rule.sample)


def test_names_of_rules_are_their_own() -> None:
    assert len(set(ids_of(RULES))) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=ids_of(RULES))
def test_no_sample_is_read_inside_another_line(rule: Rule) -> None:
    for before in ("x ", "MID 6 Subject '", "Custom Log Entry: ", " "):
        fact = grammar.read(before + rule.sample)
        assert isinstance(fact, Unread)

"""Each alternative of each row has a sample, so that none can go unseen."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from esa_auth.grammar import RULES, Rule, admin
from esa_auth.grammar.reply import MAX_REPLY, read_reply

# Spelled once for many rows: `test_each_form_of_an_address` has its alternatives.
SHARED = (admin.ADDRESS, admin.IDLE)


def parts(expression: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each alternative of each group, its bar included."""
    opened: list[list[int]] = []
    at, inside = 0, False
    while at < len(expression):
        letter = expression[at]
        if letter == "\\":
            at += 2
            continue
        if inside:
            inside = letter != "]"
        elif letter == "[":
            inside = True
        elif letter == "(":
            opened.append([at])
        elif letter == "|" and opened:
            opened[-1].append(at)
        elif letter == ")":
            yield from alternatives(expression, [*opened.pop(), at])
        at += 1


def alternatives(expression: str, marks: list[int]) -> Iterator[tuple[int, int]]:
    if len(marks) < 3 or expression.startswith(("(?!", "(?="), marks[0]):
        return
    head = re.compile(r"\((?:\?:|\?P<\w+>)?").match(expression, marks[0])
    assert head is not None
    yield head.end(), marks[1] + 1
    yield from pairwise(marks[1:])


def without(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield (what is left out, the expression without it)."""
    kept = [
        (found.start(), found.end())
        for text in SHARED
        for found in re.finditer(re.escape(text), rule.expression)
    ]
    for start, end in parts(rule.expression):
        gone = rule.expression[start:end]
        shared = any(a <= start and end <= b for a, b in kept)
        if not shared and gone.strip("|") not in SHARED:
            yield gone, rule.expression[:start] + rule.expression[end:]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_alternative_has_a_sample(rule: Rule) -> None:
    for sample in rule.samples:
        match = rule.pattern.fullmatch(sample)
        assert match is not None
        assert rule.build(match) is not None
    for gone, expression in without(rule):
        pattern = re.compile(expression, rule.pattern.flags)
        read = [sample for sample in rule.samples if pattern.fullmatch(sample)]
        assert len(read) < len(rule.samples), gone


def test_alternatives_are_found() -> None:
    rule = next(rule for rule in RULES if rule.name == "inbound disconnected")
    assert len(list(without(rule))) == 2
    assert sum(1 for rule in RULES for _ in without(rule)) > 20


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1", "2001:db8::1", "::1", "::ffff:192.0.2.1", "2001:db8:0:0:0:0:0:1"],
)
def test_each_form_of_an_address(address: str) -> None:
    assert re.fullmatch(admin.ADDRESS, address)


@pytest.mark.parametrize("word", ["because", "beacuse"])
def test_each_spelling_of_an_idle_end(word: str) -> None:
    assert re.fullmatch(admin.IDLE, f" {word} of inactivity timeout")


def test_a_longer_reply_is_text() -> None:
    begin, end = "('535', ['", "'])"
    longest = "x" * (MAX_REPLY - len(begin + end))
    assert read_reply(begin + longest + end) == ("535", longest)
    longer = f"{begin}{longest}x{end}"
    assert read_reply(longer) == (None, longer)
    assert MAX_REPLY == 8192

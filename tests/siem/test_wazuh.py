"""The rules for Wazuh are well formed and select what they should; none is there."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache

import pytest
from conf.build import queries, wazuh
from conf.build.detections import Detection, Each
from conf.build.table import DETECTIONS

from tests.siem import sqlite
from tests.siem.planted import Event, events_of
from tests.siem.scenarios import SCENARIOS, corpus

GROUP = ET.parse(wazuh.FILE).getroot()  # noqa: S314 - our own file
RULES = {int(rule.attrib["id"]): rule for rule in GROUP}


def of(detection: Detection) -> Iterator[ET.Element]:
    first = wazuh.FIRST + wazuh.APART * DETECTIONS.index(detection)
    numbers = range(first, first + wazuh.APART)
    return (rule for number, rule in RULES.items() if number in numbers)


def groups(rule: ET.Element) -> set[str]:
    return set(str(rule.findtext("group", "")).split(",")) - {""}


def test_numbers_are_the_users_own_and_lead_to_rules_before() -> None:
    assert list(RULES) == sorted(RULES)
    assert 100_000 <= min(RULES) <= max(RULES) <= 120_000
    assert len(RULES) == len(GROUP)
    for number, rule in RULES.items():
        for link in rule.iter("if_sid"):
            assert int(str(link.text)) in RULES
            assert int(str(link.text)) < number
        for link in rule.iter("if_matched_group"):
            assert any(link.text in groups(before) for before in RULES.values())
        counted = "frequency" in rule.attrib
        assert not counted or 2 <= int(rule.attrib["frequency"]) <= 9999
        assert int(rule.attrib.get("timeframe", "1")) <= 99_999


def test_every_field_is_one_of_the_events() -> None:
    for rule in RULES.values():
        fields = {field.attrib["name"] for field in rule.iter("field")}
        for tag in ("same_field", "different_field"):
            fields |= {str(field.text) for field in rule.iter(tag)}
        assert fields <= queries.fields()


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda d: d.name)
def test_a_detection_has_its_rules_or_a_reason(detection: Detection) -> None:
    rules = list(of(detection))
    assert bool(rules) == (wazuh.impossible(detection) is None)
    if rules:
        *_, last = rules
        assert not groups(last).isdisjoint(wazuh.EVENTS)
        assert last.findtext("description") == detection.title
        assert int(last.attrib["level"]) == wazuh.LEVELS[detection.level]
        assert [e.text for e in last.iter("id")] == list(detection.techniques)


Texts = dict[str, list[str]]


@cache
def planted() -> list[tuple[Event, Texts]]:
    """Return the planted events, each with the texts of its fields."""
    return [(event, texts(event)) for event in events_of(SCENARIOS)]


def texts(event: Event) -> Texts:
    found = {}
    for name, value in sqlite.flat(event):
        several = value if isinstance(value, list) else [value]
        if value is not None:
            found[name] = [
                str(v).lower() if isinstance(v, bool) else str(v) for v in several
            ]
    return found


@cache
def asked(number: int) -> tuple[tuple[str, re.Pattern[str], bool], ...]:
    """Return what a rule and those it is a child of ask of a field, and if it is so."""
    rule = RULES[number]
    own = tuple(
        (f.attrib["name"], re.compile(str(f.text)), "negate" not in f.attrib)
        for f in rule.iter("field")
    )
    return own + sum((asked(int(str(p.text))) for p in rule.iter("if_sid")), ())


def holds(rule: ET.Element, fields: Texts) -> bool:
    """Return whether a rule and those it is a child of hold, by Python's `re`."""
    return all(
        any(map(pattern.search, fields.get(name, ()))) == wanted
        for name, pattern, wanted in asked(int(rule.attrib["id"]))
    )


def test_an_event_is_of_one_kind_at_most() -> None:
    """And keeps its group in each rule it may end in: what counts, counts the group."""
    kinds = [r for r in RULES.values() if groups(r) and r.attrib["level"] == "1"]
    assert len(kinds) == len(wazuh.EVENTS)
    children = [r for r in RULES.values() if list(r.iter("if_sid")) and groups(r)]
    for _, fields in planted():
        of_event = [rule for rule in kinds if holds(rule, fields)]
        assert len(of_event) <= 1
        for rule in children:
            if holds(rule, fields):
                assert groups(of_event[0]) <= groups(rule)


@pytest.mark.parametrize(
    "detection",
    [d for d in wazuh.said() if isinstance(d.way, Each) and d.way.by is None],
    ids=lambda d: d.name,
)
def test_a_rule_for_one_event_selects_what_is_planted(detection: Detection) -> None:
    rules = list(of(detection))
    found = {
        (event["event"]["original"],)
        for event, fields in planted()
        if any(holds(rule, fields) for rule in rules)
    }
    assert found == corpus(SCENARIOS).expected[detection.name]


@pytest.mark.parametrize("least", [1, 3, 9, 10, 99, 100, 110, 1999])
def test_a_number_of_at_least_so_much(least: int) -> None:
    pattern = re.compile(wazuh.at_least(least))
    numbers = {0, 1, 2, least - 1, least, least + 1, least * 10, least // 10, 98765}
    assert {n for n in numbers if pattern.search(str(n))} == {
        n for n in numbers if n >= least
    }

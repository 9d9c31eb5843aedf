"""Each detection fires on exactly the attacks planted for it, on every engine."""

from collections.abc import Callable

import pytest
from conf.build import queries
from conf.build.detections import Detection, detections, named
from conf.build.searches import Body
from sigma.rule import SigmaRule

from tests.siem import eql_engine, sqlite
from tests.siem.engine import OpenSearch
from tests.siem.planted import Event, events_of, span
from tests.siem.scenarios import SCENARIOS, TEN_AND_TEN, Corpus, Scenario, corpus
from tests.support.process import esa_auth

Found = set[tuple[str, ...]]

each_detection = pytest.mark.parametrize(
    "detection", detections(), ids=lambda detection: detection.name
)

# The whole log, each rule's attacks alone, and its near misses alone.
PARTS: dict[str, Callable[[str, Scenario], bool]] = {
    "everything": lambda rule, s: True,
    "attacks": lambda rule, s: s.rule == rule and s.planted,
    "near misses": lambda rule, s: s.rule == rule and not s.planted,
}
each_part = pytest.mark.parametrize("part", PARTS)


def scenarios_of(part: str, rule: str) -> tuple[Scenario, ...]:
    return tuple(s for s in SCENARIOS if PARTS[part](rule, s))


def named_in(found: Found) -> Found:
    """Without regard to case: pySigma's SQL groups so."""
    return {tuple(value.casefold() for value in key) for key in found}


def wanted(of: Corpus, detection: Detection) -> Found:
    return named_in(set(of.expected.get(detection.name, frozenset())))


def on_opensearch(node: OpenSearch, detection: Detection, name: str) -> Found:
    """Run what is shipped for OpenSearch over a stream of that name."""
    scenarios = TEN_AND_TEN if name == "ten" else scenarios_of(name, detection.name)
    events = events_of(scenarios)
    # Lower case and no blank, as the name of a stream must be.
    part = f"{detection.name}_{name.replace(' ', '_')}"
    shared = name in {"ten", "everything"}
    stream = f"logs-cisco_esa.auth-{name if shared else part}"
    became = {item["status"] for item in node.create(stream, events)}
    # The streams of the whole log are filled by the first test and shared.
    assert became <= {201, 409}
    assert node.count(stream) == len(events)
    if detection.correlation is None:
        return named_in(node.lines(stream, queries.query("lucene", detection)))
    template: Body = queries.read_json("opensearch", detection)
    return named_in(node.slide(stream, template, *span(events)))


def eql_key(detection: Detection, match: list[Event]) -> tuple[str, ...]:
    if detection.correlation is None:
        (event,) = match
        return (event["event"]["original"],)
    fields = detection.correlation.group_by or []
    flat = dict(sqlite.flat(match[-1]))
    return tuple(str(flat[field]) for field in fields)


def test_there_are_nine_and_each_has_its_corpora() -> None:
    assert len(detections()) == 9
    for detection in detections():
        about = [s for s in SCENARIOS if s.rule == detection.name]
        assert {s.planted for s in about} == {True, False}
    assert [s.planted for s in TEN_AND_TEN].count(True) == 10
    assert [s.planted for s in TEN_AND_TEN].count(False) == 10
    assert {s.rule for s in SCENARIOS} == {d.name for d in detections()}


@each_detection
@each_part
def test_in_sqlite(detection: Detection, part: str) -> None:
    scenarios = scenarios_of(part, detection.name)
    database = sqlite.table(events_of(scenarios))
    found = named_in(sqlite.found(detection, database))
    assert found == wanted(corpus(scenarios), detection)


@each_detection
@each_part
def test_in_opensearch(opensearch: OpenSearch, detection: Detection, part: str) -> None:
    scenarios = scenarios_of(part, detection.name)
    found = on_opensearch(opensearch, detection, part)
    assert found == wanted(corpus(scenarios), detection)


@pytest.mark.parametrize("name", [d.name for d in queries.shipped("eql")])
@each_part
def test_in_eql(name: str, part: str) -> None:
    detection = named(name)
    scenarios = scenarios_of(part, name)
    matches = eql_engine.matches(queries.query("eql", detection), events_of(scenarios))
    found = named_in({eql_key(detection, match) for match in matches})
    assert found == wanted(corpus(scenarios), detection)


def test_ten_attacks_and_ten_near_misses(opensearch: OpenSearch) -> None:
    """One log, by its raw lines: all ten found and nothing else, in both engines."""
    of = corpus(TEN_AND_TEN)
    assert sum(len(keys) for keys in of.expected.values()) == 10
    database = sqlite.table(events_of(TEN_AND_TEN))
    for detection in detections():
        expected = wanted(of, detection)
        assert expected
        assert named_in(sqlite.found(detection, database)) == expected
        assert on_opensearch(opensearch, detection, "ten") == expected


def administrators() -> tuple[Event, ...]:
    """An attack on the appliance's own logins that would set off every count."""
    stamp = "Mon Mar  2 09:{:02d}:{:02d} 2026 Info: "
    attempt = "An authentication attempt by the user {} from {} failed"
    lines = []
    for number in range(60):
        user = "admin" if number % 2 else f"u{number}"
        address = "203.0.113.250" if number % 3 else f"203.0.113.{number}"
        lines.append(stamp.format(0, number) + attempt.format(user, address))
    logged_on = "The user {} successfully logged on from 203.0.113.250"
    lines += [stamp.format(1, n) + logged_on.format("admin") for n in range(3)]
    text = "\n".join(lines).encode()
    ended = esa_auth("filter", "--appliance", "esa01", stdin=text)
    assert ended.assert_complete().results == len(lines)
    return tuple(ended.events)


@each_detection
def test_logins_to_the_appliance_are_no_smtp_auth(detection: Detection) -> None:
    """Nor does their flood hide or change what is found beside it."""
    events = (*administrators(), *events_of(TEN_AND_TEN))
    found = named_in(sqlite.found(detection, sqlite.table(events)))
    assert found == wanted(corpus(TEN_AND_TEN), detection)
    if detection.name in {d.name for d in queries.shipped("eql")}:
        ordered = tuple(sorted(events, key=lambda event: str(event["@timestamp"])))
        matches = eql_engine.matches(queries.query("eql", detection), ordered)
        assert named_in({eql_key(detection, match) for match in matches}) == found


def test_an_engine_that_finds_nothing_would_be_seen() -> None:
    """The rules have something to find only where something was planted."""
    misses = tuple(s for s in SCENARIOS if not s.planted)
    database = sqlite.table(events_of(misses))
    for detection in detections():
        assert sqlite.found(detection, database) == set()


@each_detection
def test_a_rule_names_fields_that_events_have(detection: Detection) -> None:
    mapped = queries.fields()
    for rule in detection.selections():
        assert isinstance(rule, SigmaRule)
        for name in queries.fields_of(rule):
            assert name in mapped
    if detection.correlation is not None:
        assert set(detection.correlation.group_by or ()) <= mapped

"""Every golden event against ECS 9.4.0 as Elastic publishes it."""

import copy
from typing import Any

import pytest

from tests.support.ecs_fields import VERSION, Fields, problems, published_fields
from tests.support.golden_cases import CASES, answer, golden_events

EXAMPLE: dict[str, Any] = {
    "@timestamp": "2026-03-02T11:00:01.000Z",
    "ecs": {"version": VERSION},
    "event": {
        "kind": "event",
        "category": ["authentication"],
        "type": ["start"],
        "outcome": "failure",
        "sequence": 1,
    },
    "user": {"name": "ann"},
    "source": {"ip": "198.51.100.7"},
    "destination": {"ip": "192.0.2.1", "port": 25},
    "network": {"direction": "ingress"},
    "tls": {"established": False},
    "cisco_esa": {"icid": 7},
}


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Fields:
    return published_fields(tmp_path_factory.mktemp("ecs"))


def test_every_golden_event_conforms(fields: Fields) -> None:
    events = list(golden_events())
    assert len(events) > 300
    wrong = {
        f"{case}: {problem}"
        for case, event in events
        for problem in problems(event, fields)
    }
    assert wrong == set()


def test_every_dead_letter_conforms(fields: Fields) -> None:
    letters = [letter for case in CASES for letter in answer(case).dead]
    assert len(letters) > 30
    assert [problems(letter, fields) for letter in letters] == [[]] * len(letters)


def test_every_golden_event_says_the_version(fields: Fields) -> None:
    assert fields["ecs.version"]["required"]
    assert {event["ecs"]["version"] for _, event in golden_events()} == {VERSION}


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("event.verdict", "bad", "event.verdict: no such field"),
        ("sasl.mechanism", "PLAIN", "sasl.mechanism: no such field"),
        ("event.category", "authentication", "event.category: no array"),
        ("user.name", ["ann"], "user.name: an array"),
        ("destination.port", "25", "destination.port: '25' is no long"),
        ("event.sequence", True, "event.sequence: True is no long"),
        ("tls.established", "false", "tls.established: 'false' is no boolean"),
        ("source.geo.location", "48.1", "source.geo.location: '48.1' is no geo_point"),
        ("source.geo.location", {"lat": 1.0}, "source.geo.location: {'lat': 1.0} is"),
        ("user.roles", "admin", "user.roles: no array"),
        ("source.ip", "198.51.100.777", "source.ip: '198.51.100.777' is no ip"),
        ("@timestamp", "2026-03-02 11:00", "@timestamp: '2026-03-02 11:00' is no date"),
        ("event.outcome", "denied", "event.outcome: 'denied' is not an allowed value"),
        ("event.kind", "login", "event.kind: 'login' is not an allowed value"),
        ("network.direction", "in", "network.direction: 'in' is not an allowed value"),
        ("event.type", ["denied"], "event.type: denied is not expected with auth"),
        ("event.category", ["email"], "event.type: start is not expected with email"),
    ],
)
def test_a_planted_error_is_found(
    fields: Fields, path: str, value: object, problem: str
) -> None:
    assert problems(EXAMPLE, fields) == []
    event = copy.deepcopy(EXAMPLE)
    *groups, name = path.split(".")
    target = event
    for group in groups:
        target = target.setdefault(group, {})
    target[name] = value
    assert any(found.startswith(problem) for found in problems(event, fields))

"""Events that are written by template are those that the ECS stage builds, to the byte.

And what the schema refuses is refused, whichever way an event is judged.
"""

import copy
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import orjson
import pytest

from esa_auth import ecs, validation
from esa_auth.config import load
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.pipeline import Pipeline, Settings, forms, writer
from esa_auth.resources import schema
from esa_auth.slots import validator
from tests.bench.corpora import Spec, stamped
from tests.support.golden_cases import CASES, REFERENCE, input_of
from tests.support.harness import READ_AT, SETTINGS, inbound, native, opened, syslog

SOAK = bool(os.environ.get("ESA_AUTH_SOAK"))
LINES = [
    line.encode() for second in stamped(Spec("flood", 1200)) for line in second
] + [line.encode() for second in stamped(Spec("ordinary", 1500)) for line in second]
WORDS = [
    b"ann@example.com",
    b"EXAMPLE\\ann",
    b'"quoted"',
    b"\x01\x7f",
    b"\\xe9",
    b"\xff",
    b"100%",
    b"%s",
    "müller".encode(),
    b" using AUTH mechanism: LOGIN with profile: x",
    b"esa",
    b"::ffff:192.0.2.1",
    b"2001:db8::1",
    b"192.0.2.1",
    b"unknown",
    b"",
]


def outcome(lines: list[bytes], settings: Settings, *, as_json: bool) -> Any:
    """Return the events of ``lines`` as lines of JSON, and all else that came out."""
    pipeline = Pipeline(settings, lambda: READ_AT, as_json=as_json)
    pipeline.feed(lines)
    pipeline.drain()
    events = pipeline.take_lines()
    if not as_json:
        newline = orjson.OPT_APPEND_NEWLINE
        events = [
            orjson.dumps(event, option=newline) for event in pipeline.take_events()
        ]
    return events, pipeline.take_dead(), pipeline.counters


def mutated(lines: list[bytes], seed: int) -> Iterator[bytes]:
    """Yield ``lines`` with words replaced, lost, doubled and out of order."""
    random = Random(seed)
    for line in lines:
        if random.random() < 0.1:
            words = line.split(b" ")
            at = random.randrange(5, len(words)) if len(words) > 5 else 0
            choice = random.random()
            if choice < 0.6:
                words[at] = random.choice(WORDS)
            elif choice < 0.8:
                del words[at]
            else:
                words.insert(at, random.choice(words))
            line = b" ".join(words)
        if random.random() < 0.01:
            continue
        yield line
        if random.random() < 0.01:
            yield line


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the first event by template already."""
    monkeypatch.setattr(writer, "WORTH_IT", 0)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each document that is built of an event of an inbound session."""
    calls: list[str] = []

    def noting(name: str) -> Callable[..., Any]:
        build = getattr(ecs, name)

        def noted(*facts: Any, **more: Any) -> Any:
            calls.append(name)
            return build(*facts, **more)

        return noted

    for name in ("result_event", "session_end_event"):
        monkeypatch.setattr(ecs, name, noting(name))
    return calls


def test_events_are_those_of_the_stage(built: list[str]) -> None:
    wanted = outcome(LINES, SETTINGS, as_json=False)
    assert len(built) > 400
    built.clear()
    assert outcome(LINES, SETTINGS, as_json=True) == wanted
    # Else it would prove nothing: nearly all are written by template.
    assert len(built) < len(wanted[0]) / 10


def test_events_that_are_asked_for_as_data_are_written_first(built: list[str]) -> None:
    found = []
    for as_json in (False, True):
        built.clear()
        pipeline = Pipeline(SETTINGS, lambda: READ_AT, as_json=as_json)
        pipeline.feed(LINES)
        found.append(pipeline.take_events())
    assert found[0] == found[1]
    assert len(built) < len(found[0]) / 10


@pytest.mark.parametrize("seed", range(3))
def test_events_of_mutated_lines_are_those_of_the_stage(seed: int) -> None:
    lines = list(mutated(LINES, seed))
    assert outcome(lines, SETTINGS, as_json=True) == outcome(
        lines, SETTINGS, as_json=False
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_events_of_a_golden_case_are_those_of_the_stage(case: Any) -> None:
    own = case / "config.yaml"
    config = load(str(own) if own.exists() else None, {}, REFERENCE)
    found = []
    for as_json in (False, True):
        pipeline = Pipeline(config.pipeline, lambda: READ_AT, as_json=as_json)
        decoder = Decoder(pipeline, among(config.input_format), config.terms)
        decoder.feed(input_of(case).read_bytes())
        decoder.finish()
        pipeline.drain()
        events = [orjson.dumps(e) + b"\n" for e in pipeline.take_events()]
        events = events or pipeline.take_lines()
        found.append((events, pipeline.take_dead(), pipeline.counters))
    assert found[0] == found[1]


def test_events_are_valid_as_a_whole() -> None:
    whole = validator(schema("auth-event"))
    events = outcome(list(mutated(LINES, 9)), SETTINGS, as_json=True)[0]
    assert len(events) > 400
    assert [event for event in events if not whole.is_valid(json.loads(event))] == []


# ---- a schema that asks for more ----------------------------------------------------


def session(second: int, icid: int, user: bytes, outcome: str) -> list[bytes]:
    bodies = [
        *opened(icid, b"mail%d.example.com" % icid if icid % 3 else b"unknown"),
        b"ICID %d TLS success protocol TLSv1.3 cipher E" % icid,
        inbound(icid, user, outcome),
        b"ICID %d close" % icid,
    ]
    if icid % 2:
        del bodies[1:3]
    else:
        # A longer one and a higher score each time: what a schema refuses comes behind
        # some with the same fields that it lets.
        bodies[1] = b"ICID %d ACCEPT SG %b match %b SBRS %.1f country %b" % (
            (icid, b"a" * icid, b"b" * icid, icid / 5, b"c" * icid)
        )
    frame = syslog if icid % 5 == 0 else native
    return [frame(body, second) for body in bodies]


FEW = [
    line
    for number in range(1, 25)
    for line in session(
        number,
        number,
        [b"ann", b"ben@example.com", b"EXAMPLE\\eve"][number % 3],
        "failed" if number % 4 else "succeeded",
    )
]


def tightened() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield schemas that ask for more, each in one node."""
    for where, node in nodes(schema("auth-event"), ()):
        for name, more in tighter(node):
            changed = schema("auth-event")
            target: Any = changed
            for step in where:
                target = target[step]
            target.update(copy.deepcopy(more))
            yield f"{'.'.join(map(str, where))}: {name}", changed


def nodes(node: Any, at: tuple[Any, ...]) -> Iterator[tuple[Any, dict[str, Any]]]:
    if isinstance(node, bool):
        return
    yield at, node
    for word in ("properties", "$defs"):
        for name, inner in node.get(word, {}).items():
            yield from nodes(inner, (*at, word, name))
    if isinstance(node.get("items"), dict):
        yield from nodes(node["items"], (*at, "items"))
    for number, inner in enumerate(node.get("allOf", ())):
        yield from nodes(inner, (*at, "allOf", number))
    for word in ("if", "then"):
        if word in node:
            yield from nodes(node[word], (*at, word))


def tighter(node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "other type", {"type": "boolean"}
    kind = node.get("type")
    if kind == "string":
        yield "pattern", {"pattern": "^[a-m]"}
        yield "longer", {"minLength": 12}
        yield "shorter", {"maxLength": 11}
        yield "enum", {"enum": ["ann", "info", "PLAIN", "UTC"]}
        yield "not", {"not": {"pattern": "ann|7|example"}}
    elif kind in ("integer", "number"):
        yield "minimum", {"minimum": 3}
        yield "maximum", {"maximum": 2}
    elif kind == "array":
        yield "more items", {"minItems": 2}
        yield "fewer items", {"maxItems": 1}
    elif "properties" in node:
        for name in node["properties"]:
            required = list(dict.fromkeys([*node.get("required", ()), name]))
            yield f"required {name}", {"required": required}
            yield (
                f"forbidden {name}",
                {"properties": {**node["properties"], name: False}},
            )
        names = list(node["properties"])
        yield "few fields", {"maxProperties": 4}
        yield "many fields", {"minProperties": 4}
        yield "dependent", {"dependentRequired": {names[0]: [names[-1]]}}
        yield (
            "condition",
            {"if": {"required": [names[0]]}, "then": {"required": [names[-1]]}},
        )


CHANGED = list(tightened())


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_both_ways_refuse_the_same(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "LIKE", 2)
    refused = 0
    # A prime, so that each kind of change is among those of every run.
    step = 8 if SOAK else 8 * 17
    for name, changed in CHANGED[part::step]:
        monkeypatch.setattr(
            validation,
            "_compiled",
            lambda changed=changed: (changed, validator(changed)),
        )
        by_parts = outcome(FEW, replace(SETTINGS, native=False), as_json=True)
        whole = outcome(FEW, replace(SETTINGS, whole=True), as_json=True)
        assert by_parts == whole, name
        natively = outcome(FEW, replace(SETTINGS, native=True), as_json=True)
        assert natively == whole, name
        refused += bool(whole[1])
    assert refused


def test_the_lines_that_a_stricter_schema_judges_are_written_by_template(
    built: list[str],
) -> None:
    assert outcome(FEW, SETTINGS, as_json=True)[0]
    assert not built


def test_a_schema_that_asks_for_more_is_asked() -> None:
    assert len(CHANGED) > 300

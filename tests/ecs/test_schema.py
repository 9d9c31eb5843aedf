"""The schema of events: sound in itself, and read alike by two validators.

jsonschema-rs decides on every event; jsonschema, slow and the reference of its authors,
must come to the same verdict on every golden event and on what mutations make of them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from esa_auth.resources import schema
from esa_auth.validation import EventSchema
from tests.support.mutations import ALWAYS_REFUSED, EVENTS, KINDS, Mutation, dropped

MUTATIONS = 600
DOCUMENTS = ["auth-event", "config"]
FAST = jsonschema_rs.Draft202012Validator(schema("auth-event"), validate_formats=True)
SLOW = Draft202012Validator(
    schema("auth-event"), format_checker=Draft202012Validator.FORMAT_CHECKER
)

# Where the two differ, and which of them is right. None of these can be in an event:
# the clock writes no second 60 and no year 0, ids and codes are built without newline.
KNOWN_DIFFERENCES = {
    "a leap second is one by RFC 3339, and not to the reference": (
        ("@timestamp",),
        "2026-06-30T23:59:60.000Z",
        (True, False),
    ),
    "the year 0 is one by RFC 3339, and not to the reference": (
        ("@timestamp",),
        "0000-01-01T00:00:00.000Z",
        (True, False),
    ),
    "$ is the end by ECMA 262, and before a last newline in Python": (
        ("event", "id"),
        "x" * 22 + "\n",
        (False, True),
    ),
}


def test_every_golden_event_is_one_to_both() -> None:
    assert len(EVENTS) > 300
    unlike = [e for e in EVENTS if not (FAST.is_valid(e) and SLOW.is_valid(e))]
    assert unlike == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_both_judge_a_mutation_alike(kind: Any) -> None:
    made = list(kind())
    assert len(made) >= MUTATIONS
    # A prime for a step: no value that comes round is left out.
    chosen = [made[i * 7919 % len(made)] for i in range(MUTATIONS)]
    verdicts = [(m, FAST.is_valid(e), SLOW.is_valid(e)) for m, e in _applied(chosen)]
    assert [m for m, fast, slow in verdicts if fast != slow] == []
    assert False in {fast for _, fast, _ in verdicts}
    if kind in ALWAYS_REFUSED:
        assert [m for m, fast, _ in verdicts if fast] == []


@pytest.mark.parametrize("name", KNOWN_DIFFERENCES)
def test_a_known_difference_is_as_we_know_it(name: str) -> None:
    path, value, verdicts = KNOWN_DIFFERENCES[name]
    event = Mutation(0, path, value).apply()
    assert (FAST.is_valid(event), SLOW.is_valid(event)) == verdicts


def test_what_is_refused_has_a_reason_and_nothing_else_has() -> None:
    judge = EventSchema()
    for mutation, event in _applied(list(dropped())[:: len(EVENTS)]):
        assert judge.valid(event) == (judge.reasons(event) == []), mutation
    # Also where only the one that decides refuses.
    newline = Mutation(0, ("event", "id"), "x" * 22 + "\n").apply()
    assert not judge.valid(newline)
    assert judge.reasons(newline) != []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert jsonschema_rs.meta.is_valid(schema(name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_patterns_mean_ascii(name: str) -> None:
    """A backslash and d is any digit of Unicode to one validator, not to the other."""
    found = [node["pattern"] for _, node in nodes(schema(name)) if "pattern" in node]
    texts = [pattern for pattern in found if isinstance(pattern, str)]
    assert [p for p in texts if re.search(r"\\[dDwWsSbB]", p)] == []
    assert [p for p in texts if not p.startswith("^")] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_objects_are_closed(name: str) -> None:
    open_ones = [
        where
        for where, node in nodes(schema(name))
        if node.get("type") == "object"
        and node.get("additionalProperties") is not False
    ]
    # Names of appliances are the administrator's; what stands under one is closed.
    allowed = ["/properties/appliances"] if name == "config" else []
    assert open_ones == allowed


@pytest.mark.parametrize("name", DOCUMENTS)
def test_references_stay_inside(name: str) -> None:
    document = schema(name)
    found = [node["$ref"] for _, node in nodes(document) if "$ref" in node]
    targets = {f"#/$defs/{key}" for key in document.get("$defs", {})}
    assert set(found) == targets, "a definition nobody uses, or a reference to none"


def nodes(
    tree: Any, where: str = "", *, names: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every schema in ``tree``; with ``names``, its keys are names of fields."""
    if isinstance(tree, dict):
        if not names:
            yield where, tree
        for key, value in tree.items():
            under = not names and key in ("properties", "$defs", "dependentRequired")
            yield from nodes(value, f"{where}/{key}", names=under)
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from nodes(value, f"{where}/{number}")


def _applied(chosen: list[Mutation]) -> Iterator[tuple[Mutation, dict[str, Any]]]:
    for mutation in chosen:
        event = mutation.apply()
        # Only what JSON can say: the events are read back from it.
        yield mutation, json.loads(json.dumps(event))

"""Who reads events by the schema of the last release goes on reading them.

At a release its schema is copied to `tests/released/`. A break is for a new major
number, as CHANGELOG.md says.
"""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest

from esa_auth import __version__
from esa_auth.resources import schema
from tests.support.checkout import ROOT
from tests.support.compatibility import Schema, breaks
from tests.support.mutations import EVENTS


def _version(name: str) -> tuple[int, ...]:
    found = re.fullmatch(r"auth-event-([0-9.]+)\.schema\.json", name)
    assert found, name
    return tuple(map(int, found[1].split(".")))


FOLDER = ROOT / "tests" / "released"
LAST = max((p.name for p in FOLDER.glob("*.json")), key=_version)
RELEASED: Schema = json.loads((FOLDER / LAST).read_text("utf-8"))
SAME_MAJOR = int(__version__.split(".")[0]) == _version(LAST)[0]


def test_this_version_has_its_schema() -> None:
    """It is copied when the number is set, so that the next one is held to it."""
    assert f"auth-event-{__version__}.schema.json" == LAST


def test_the_schema_breaks_nobody() -> None:
    found = breaks(RELEASED, schema("auth-event"))
    assert not (found and SAME_MAJOR), "a new major number, or mend:\n" + "\n".join(
        found
    )


def test_events_of_the_last_release_are_events() -> None:
    before = jsonschema_rs.Draft202012Validator(RELEASED, validate_formats=True)
    now = jsonschema_rs.Draft202012Validator(
        schema("auth-event"), validate_formats=True
    )
    known = [event for event in EVENTS if before.is_valid(event)]
    assert len(known) > 300
    assert [e for e in known if not now.is_valid(e)] == [] or not SAME_MAJOR


def _drop(tree: Schema) -> None:
    del tree["properties"]["event"]["properties"]["outcome"]


def _require(tree: Schema) -> None:
    tree["properties"]["event"]["required"].append("outcome")


def _loosen(tree: Schema) -> None:
    tree["properties"]["event"]["required"].remove("id")


def _retype(tree: Schema) -> None:
    tree["properties"]["event"]["properties"]["reason"]["type"] = "array"


def _fewer_values(tree: Schema) -> None:
    tree["properties"]["event"]["properties"]["outcome"]["enum"].remove("failure")


def _free_values(tree: Schema) -> None:
    tree["properties"]["event"]["properties"]["outcome"] = {"type": "string"}


def _other_constant(tree: Schema) -> None:
    tree["properties"]["ecs"]["properties"]["version"]["const"] = "10.0.0"


def _other_pattern(tree: Schema) -> None:
    tree["properties"]["event"]["properties"]["id"]["pattern"] = "^[0-9a-f]{64}$"


def _other_definition(tree: Schema) -> None:
    tree["$defs"]["timestamp"]["type"] = "integer"


def _open(tree: Schema) -> None:
    tree["properties"]["event"]["additionalProperties"] = True


def _action(*names: str) -> Schema:
    action = {"properties": {"action": {"enum": [*names]}}, "required": ["action"]}
    return {"properties": {"event": action}, "required": ["event"]}


def _other_condition(tree: Schema) -> None:
    tree["allOf"].append({"if": _action("smtp-auth"), "then": {"required": ["user"]}})


def _condition_of_old_and_new_actions(tree: Schema) -> None:
    when = _action("smtp-auth", "smtp-auth-x")
    tree["allOf"].append({"if": when, "then": {"required": ["user"]}})


def _condition_of_all_but_new_actions(tree: Schema) -> None:
    when = {"not": _action("smtp-auth-x")}
    tree["allOf"].append({"if": when, "then": {"required": ["user"]}})


def _condition_of_more_than_the_action(tree: Schema) -> None:
    when = _action("smtp-auth-x")
    del when["required"]
    tree["allOf"].append({"if": when, "then": {"required": ["user"]}})


def _no_condition(tree: Schema) -> None:
    del tree["allOf"][0]


def _exception_for_an_old_action(tree: Schema) -> None:
    first = tree["allOf"][0]
    first["if"] = {"allOf": [first["if"], {"not": _action("smtp-auth")}]}


def _field_forbidden_to_old_actions(tree: Schema) -> None:
    then = {"properties": {"user": False}}
    tree["allOf"].append({"if": {"not": _action("smtp-auth-x")}, "then": then})


@pytest.mark.parametrize(
    "change",
    [
        _drop,
        _require,
        _loosen,
        _retype,
        _fewer_values,
        _free_values,
        _other_constant,
        _other_pattern,
        _other_definition,
        _open,
        _other_condition,
        _condition_of_old_and_new_actions,
        _condition_of_all_but_new_actions,
        _condition_of_more_than_the_action,
        _no_condition,
        _exception_for_an_old_action,
        _field_forbidden_to_old_actions,
    ],
    ids=lambda change: change.__name__.strip("_"),
)
def test_a_break_is_seen(change: Callable[[Schema], None]) -> None:
    tree = copy.deepcopy(RELEASED)
    change(tree)
    assert breaks(RELEASED, tree)


def _new_field(tree: Schema) -> None:
    tree["properties"]["event"]["properties"]["risk"] = {"type": "number"}


def _new_value(tree: Schema) -> None:
    tree["properties"]["event"]["properties"]["action"]["enum"].append("smtp-auth-x")


def _same_by_reference(tree: Schema) -> None:
    fields: dict[str, Any] = tree["properties"]["event"]["properties"]
    tree["$defs"]["reason"] = fields["reason"]
    fields["reason"] = {"$ref": "#/$defs/reason"}


def _other_prose(tree: Schema) -> None:
    tree["description"] = "said otherwise"


def _condition_of_a_new_action(tree: Schema) -> None:
    tree["allOf"].append({"if": _action("smtp-auth-x"), "then": {"required": ["user"]}})


def _exception_for_a_new_action(tree: Schema) -> None:
    first = tree["allOf"][0]
    first["if"] = {"allOf": [first["if"], {"not": _action("smtp-auth-x")}]}


def _what_was_said_said_again(tree: Schema) -> None:
    event = {"properties": {"kind": {"const": "event"}}}
    then = {"properties": {"event": event, "new": False}}
    tree["allOf"].append({"if": {"not": _action("smtp-auth-x")}, "then": then})


@pytest.mark.parametrize(
    "change",
    [
        _new_field,
        _new_value,
        _same_by_reference,
        _other_prose,
        _condition_of_a_new_action,
        _exception_for_a_new_action,
        _what_was_said_said_again,
    ],
    ids=lambda change: change.__name__.strip("_"),
)
def test_an_addition_is_no_break(change: Callable[[Schema], None]) -> None:
    tree = copy.deepcopy(RELEASED)
    change(tree)
    assert breaks(RELEASED, tree) == []

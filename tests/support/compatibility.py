"""What a new schema of events breaks for those who write or read by an older one.

A condition that is for new actions only (values of `event.action` that the older schema
does not have) is none, nor is one that says of the old actions what the older schema
said anyway: see `_for_old_actions`.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

# What each of these means is compared below; every other keyword must stay as it is.
_COMPARED = frozenset(
    {"$ref", "properties", "required", "items", "const", "enum", "type"}
)
_PROSE = frozenset({"$schema", "$id", "$defs", "title", "description", "$comment"})


def breaks(old: Schema, new: Schema) -> list[str]:
    """Return each break as ``path: what``; empty if readers and old events go on.

    New optional fields and new values of an enumeration are none.
    """
    return sorted(set(_breaks("$", old, new, old, new)))


def _breaks(
    path: str, old: Schema, new: Schema, roots_old: Schema, roots_new: Schema
) -> Iterator[str]:
    old, new = _resolved(old, roots_old), _resolved(new, roots_new)
    if _types(old) != _types(new):
        yield f"{path}: the type changed"
        return
    missing = [v for v in _values(old) if v not in _values(new)]
    if missing or bool(_values(old)) != bool(_values(new)):
        yield f"{path}: values are gone: {missing}"
    yield from _of_fields(path, old, new)
    rules = (old.keys() | new.keys()) - _COMPARED - _PROSE
    for rule in rules:
        before = _inlined(old.get(rule), roots_old)
        now = _inlined(new.get(rule), roots_new)
        if path == "$" and rule == "allOf":
            now = _for_old_actions(now, roots_old)
        if before != now:
            yield f"{path}: {rule} changed"
    for name, inner in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            other = new["properties"][name]
            yield from _breaks(f"{path}.{name}", inner, other, roots_old, roots_new)
    if "items" in old and "items" in new:
        yield from _breaks(
            f"{path}[]", old["items"], new["items"], roots_old, roots_new
        )
    elif ("items" in old) != ("items" in new):
        yield f"{path}: items changed"


def _of_fields(path: str, old: Schema, new: Schema) -> Iterator[str]:
    for name in old.get("properties", {}).keys() - new.get("properties", {}).keys():
        yield f"{path}.{name}: is gone"
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    for name in before - after:
        yield f"{path}.{name}: may be missing now"
    for name in after - before:
        yield f"{path}.{name}: must be there now"


def _types(schema: Schema) -> set[str]:
    named = schema.get("type", [])
    return {named} if isinstance(named, str) else set(named)


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        rest = {k: v for k, v in schema.items() if k != "$ref"}
        schema = {**root["$defs"][schema["$ref"].rpartition("/")[2]], **rest}
    return schema


def _inlined(value: Any, root: Schema) -> Any:
    """Return a rule as one text of it, wherever its parts are defined."""
    if isinstance(value, dict):
        return {k: _inlined(v, root) for k, v in _resolved(value, root).items()}
    if isinstance(value, list):
        return [_inlined(item, root) for item in value]
    return value


def _for_old_actions(conditions: Any, old: Schema) -> Any:
    """Return the conditions of a new schema as events with old actions meet them.

    Left out: what holds for new actions only, and what is said of all the others and
    stands in the older schema already. An exception for new actions is taken away.
    """
    if not isinstance(conditions, list):
        return conditions
    kept = []
    for condition in conditions:
        when, then = condition.get("if", {}), condition.get("then", {})
        if _is_of_new_actions(when, old):
            continue
        if _is_of_new_actions(when.get("not"), old) and _says_no_more(then, old, old):
            continue
        inner = when.get("allOf")
        if inner and len(inner) == 2 and _is_of_new_actions(inner[1].get("not"), old):
            condition = {**condition, "if": inner[0]}
        kept.append(condition)
    return kept


def _is_of_new_actions(when: Any, old: Schema) -> bool:
    try:
        named = when["properties"]["event"]["properties"]["action"]["enum"]
        known = old["properties"]["event"]["properties"]["action"]["enum"]
    except (KeyError, TypeError):
        return False
    # Nothing else may be asked for: it must be for each of them, and for no other.
    action = {"properties": {"action": {"enum": named}}, "required": ["action"]}
    whole = {"properties": {"event": action}, "required": ["event"]}
    return bool(when == whole and not set(named) & set(known))


def _says_no_more(then: Schema, before: Schema, old: Schema) -> bool:
    """Whether the older schema ``before`` says all that ``then`` does."""
    before = _resolved(before, old)
    if then.keys() - {"properties", "const"}:
        return False
    if "const" in then and before.get("const", before) != then["const"]:
        return False
    fields = before.get("properties", {})
    closed = before.get("additionalProperties") is False
    return all(
        # A field that may not be there could not be there in a closed object.
        closed and name not in fields
        if inner is False
        else name in fields and _says_no_more(inner, fields[name], old)
        for name, inner in then.get("properties", {}).items()
    )

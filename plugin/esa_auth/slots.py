"""The schema's own rules for single values of an event whose other parts are known.

Of a sample that is valid, some places get other values. What the schema asks of each
place is found by a walk from its root: properties, references, and conditions, which
are decided by the sample. So long as nothing on that walk hangs on the value of a place
itself, an event is valid if each of its values is valid to these rules. Where it does,
`Beyond` is raised and such events are to be judged whole.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from jsonschema_rs import Draft202012Validator as Validator

Schema: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str | int, ...]

_SAYS_NOTHING = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "examples"}
)
# Looks at which fields there are, or leads to them; never at the value of one.
_OF_A_WAY = frozenset(
    {
        *_SAYS_NOTHING,
        "type",
        "properties",
        "required",
        "additionalProperties",
        "dependentRequired",
        "items",
        "minItems",
        # Who fills the places of a list takes care that they differ.
        "uniqueItems",
        "$ref",
        "allOf",
        "if",
        "then",
        "else",
    }
)
# The same for a condition, which only asks and gives no rule.
_OF_A_QUESTION = _OF_A_WAY | {"not", "anyOf"}
_TYPES = {str: "string", int: "integer"}


class Beyond(Exception):
    """A rule hangs on the value of a place."""


def validator(document: Schema | bool) -> Validator:
    """Compile a schema, formats asserted."""
    # Without validate_formats a 2020-12 format is an annotation only.
    return Validator(document, validate_formats=True)


class Rules:
    """What a schema asks of places of samples.

    ``optional`` are places that an event may lack.
    """

    def __init__(self, schema: Schema, optional: frozenset[Path]) -> None:
        self._schema, self._optional = schema, optional
        # Conditions, each compiled once.
        self._questions: dict[int, Validator] = {}
        self._sample: dict[str, Any] = {}
        self._places: Sequence[Path] = ()

    def of(
        self, sample: dict[str, Any], places: Sequence[Path]
    ) -> dict[Path, list[Schema]]:
        """Return the rules for the values of all ``places`` of a valid ``sample``.

        Raises:
            Beyond: more than these rules decides about them.
        """
        self._sample, self._places = sample, places
        found: dict[Path, list[Schema]] = {place: [] for place in places}
        self._find(self._schema, (), places, found)
        for place, rules in found.items():
            kind = _TYPES.get(type(_value(sample, place)))
            found[place] = [rule for rule in rules if rule != {"type": kind}]
        return found

    def _find(
        self,
        node: Schema | bool,
        at: Path,
        places: Sequence[Path],
        found: dict[Path, list[Schema]],
    ) -> None:
        """Find what ``node``, which holds for what is ``at``, asks of places below."""
        if isinstance(node, bool):
            if not node:
                raise Beyond(f"{at} is forbidden")
            return
        below: dict[str | int, list[Path]] = {}
        for place in places:
            if place == at:
                found[place].append(node)
            else:
                below.setdefault(place[len(at)], []).append(place)
        if not below:
            return
        self._check(node, at)
        inside = [place for some in below.values() for place in some]
        for inner in self._inner(node, at):
            self._find(inner, at, inside, found)
        for step, some in below.items():
            if isinstance(step, int):
                following = node.get("items", True)
            else:
                others = node.get("additionalProperties", True)
                following = node.get("properties", {}).get(step, others)
            self._find(following, (*at, step), some, found)

    def _inner(self, node: Schema, at: Path) -> Iterator[Schema | bool]:
        """Yield the schemas that hold where ``node`` does."""
        if reference := node.get("$ref"):
            yield self._target(reference)
        yield from node.get("allOf", ())
        if "if" in node:
            holds = self._holds(node["if"], at)
            yield node.get("then" if holds else "else", True)

    def _check(self, node: Schema, at: Path) -> None:
        if more := node.keys() - _OF_A_WAY:
            raise Beyond(f"{sorted(more)} at {at}")
        asked = node.get("dependentRequired", {})
        for name in {*asked, *(name for names in asked.values() for name in names)}:
            if (*at, name) in self._optional:
                raise Beyond(f"dependentRequired at {at} asks for {name}")

    def _holds(self, question: Schema | bool, at: Path) -> bool:
        """Decide a condition by the sample.

        Raises:
            Beyond: it asks for the value of a place.
        """
        self._check_question(question, at)
        compiled = self._questions.get(id(question))
        if compiled is None:
            asked = question
            if isinstance(question, dict):
                asked = {**question, "$defs": self._schema.get("$defs", {})}
            compiled = self._questions[id(question)] = validator(asked)
        return compiled.is_valid(_value(self._sample, at))

    def _check_question(self, node: Schema | bool, at: Path) -> None:
        if isinstance(node, bool):
            return
        if any(at[: len(place)] == place for place in self._places):
            raise Beyond(f"a condition asks for {at}")
        above = any(place[: len(at)] == at for place in self._places)
        if above and (more := node.keys() - _OF_A_QUESTION):
            raise Beyond(f"a condition asks for {sorted(more)} of {at}")
        for name in node.get("required", ()):
            if (*at, name) in self._optional:
                raise Beyond(f"a condition asks for {(*at, name)}")
        if reference := node.get("$ref"):
            self._check_question(self._target(reference), at)
        for name, inner in node.get("properties", {}).items():
            self._check_question(inner, (*at, name))
        for word in ("not", "if", "then", "else"):
            if word in node:
                self._check_question(node[word], at)
        for inner in (*node.get("allOf", ()), *node.get("anyOf", ())):
            self._check_question(inner, at)

    def _target(self, reference: str) -> Schema:
        target: Schema = self._schema["$defs"][reference.removeprefix("#/$defs/")]
        return target


def expanded(rules: Sequence[Schema], document: Schema) -> list[Schema]:
    """Return the same rules without references, parts, and what says nothing."""
    found: list[Schema] = []
    for rule in rules:
        rest = {word: said for word, said in rule.items() if word not in _SAYS_NOTHING}
        inner = list(rest.pop("allOf", ()))
        if reference := rest.pop("$ref", None):
            inner.append(document["$defs"][reference.removeprefix("#/$defs/")])
        if all(isinstance(one, dict) for one in inner):
            found += [one for one in expanded(inner, document) if one not in found]
        else:
            rest["allOf"] = inner
        if rest and rest not in found:
            found.append(rest)
    return found


def _value(node: Any, path: Path) -> Any:
    for step in path:
        node = node[step]
    return node

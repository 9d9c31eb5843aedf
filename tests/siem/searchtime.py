"""What Splunk makes of `props.conf` and `eventtypes.conf`, as its manual says.

Not Splunk: only the few functions that the add-on uses, so that its fields can be
looked at on real events.
"""

import re
from collections.abc import Iterator
from configparser import RawConfigParser
from functools import cache
from typing import Any

from conf.build.addon import SOURCE
from conf.build.queries import SOURCETYPE

from tests.siem.sqlite import flat

Fields = dict[str, str]

_TOKEN = re.compile(r"""\s*("[^"]*"|'[^']*'|==|[(),]|\w+)""")
_ALIAS = re.compile(r'"([^"]+)" ASNEW (\w+)')
_TERM = re.compile(r'\s*([()]|OR\b|[\w.]+="?[^"\s)]+"?)')


@cache
def conf(name: str) -> RawConfigParser:
    """Return a file of the add-on's `default` folder."""
    parser = RawConfigParser(delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((SOURCE / "default" / f"{name}.conf").read_text("utf-8"))
    return parser


def fields(event: dict[str, Any]) -> Fields:
    """Return an event's fields, extracted, aliased, calculated."""
    found = {name: _text(value) for name, value in flat(event) if value is not None}
    stanza = conf("props")[SOURCETYPE]
    for key, value in stanza.items():
        if key.startswith("FIELDALIAS-"):
            for old, new in _ALIAS.findall(value):
                # ASNEW leaves a field alone that is there.
                if old in found:
                    found.setdefault(new, found[old])
    before = dict(found)
    for key, value in stanza.items():
        if key.startswith("EVAL-"):
            # All are calculated side by side, none from another.
            answer = _value(_tokens(value), before)
            if answer is not None:
                found[key.removeprefix("EVAL-")] = answer
    return found


def eventtypes(found: Fields) -> set[str]:
    """Return the event types of an event with these fields."""
    types = conf("eventtypes")
    with_type = found | {"sourcetype": SOURCETYPE}
    return {
        name
        for name in types.sections()
        if _any(_terms(types[name]["search"]), with_type)
    }


def tags(found: Fields) -> set[str]:
    """Return the tags of an event with these fields."""
    of_types = conf("tags")
    return {
        tag
        for name in eventtypes(found)
        if of_types.has_section(f"eventtype={name}")
        for tag, state in of_types[f"eventtype={name}"].items()
        if state == "enabled"
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        assert match, text[at:]
        yield match[1]
        at = match.end()
    yield ""


def _value(tokens: Iterator[str], found: Fields) -> str | None:
    answer, end = _compared(tokens, next(tokens), found)
    assert end == ""
    return answer if isinstance(answer, str) else None


Answer = str | bool | None


def _compared(tokens: Iterator[str], first: str, found: Fields) -> tuple[Answer, str]:
    left, after = _single(tokens, first, found)
    if after != "==":
        return left, after
    right, after = _single(tokens, next(tokens), found)
    return left is not None and left == right, after


def _single(tokens: Iterator[str], first: str, found: Fields) -> tuple[Answer, str]:
    if first.startswith('"'):
        return first[1:-1], next(tokens)
    if first.startswith("'"):
        return found.get(first[1:-1]), next(tokens)
    after = next(tokens)
    if after != "(":
        return found.get(first), after
    arguments = []
    while after != ")":
        argument, after = _compared(tokens, next(tokens), found)
        arguments.append(argument)
    return _call(first, arguments), next(tokens)


def _call(name: str, arguments: list[Answer]) -> Answer:
    match name:
        case "coalesce":
            return next((a for a in arguments if a is not None), None)
        case "if":
            condition, yes, no = arguments
            return yes if condition is True else no
        case "case":
            pairs = zip(arguments[::2], arguments[1::2], strict=True)
            return next((answer for holds, answer in pairs if holds is True), None)
    raise NotImplementedError(name)


def _terms(search: str) -> Iterator[str]:
    yield from _TERM.findall(search)
    yield ""


def _any(terms: Iterator[str], found: Fields) -> bool:
    """Evaluate terms that all must hold, some of them alternatives, to a bracket."""
    alternatives, holds = [], True
    for term in terms:
        if term in {"", ")"}:
            break
        if term == "OR":
            alternatives.append(holds)
            holds = True
        elif term == "(":
            holds &= _any(terms, found)
        else:
            name, _, value = term.partition("=")
            holds &= found.get(name) == value.strip('"')
    return any([*alternatives, holds])

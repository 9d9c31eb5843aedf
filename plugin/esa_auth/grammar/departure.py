"""For a body that no rule reads: the rule that goes along with it furthest."""

import re
from typing import NamedTuple

from esa_auth.grammar.rule import Rule

# Of a longer body the beginning tells as much.
LONGEST = 1000
_OPEN_ENDED = re.compile(
    r"(?:\.\*|\.\*\?|\.\+|\\S\+|\\S\*|(?:\.|\\S)\{[0-9,]+\})\)?\??(?: |:)*\Z"
)


class Departure(NamedTuple):
    """``body[:at]`` is as ``rule`` has it; what follows is not, or is not there."""

    rule: Rule
    at: int


def nearest(body: str, rules: tuple[Rule, ...]) -> Departure | None:
    """Return the rule that reads most of ``body``, or None if none begins like it."""
    text = body.rstrip()[:LONGEST]
    best: tuple[int, float, Rule] | None = None
    for rule in rules:
        if rule.lead[:4].lower() != text[: min(4, len(rule.lead))].lower():
            continue
        at, share = _agreed(rule.pattern, text)
        if best is None or (at, share) > best[:2]:
            best = at, share, rule
    return None if best is None or best[0] == 0 else Departure(best[2], best[0])


def _agreed(pattern: re.Pattern[str], text: str) -> tuple[int, float]:
    """Return how far ``text`` agrees, and which share of the pattern that is.

    The pattern is cut shorter and shorter until what is left matches a beginning.
    """
    source = pattern.pattern
    for length in range(len(source), 0, -1):
        cut = _compiled(source[:length], pattern.flags)
        match = cut.match(text) if cut else None
        if match:
            # What takes any text has taken all: it agrees up to where that begins.
            loose = _OPEN_ENDED.search(source[:length]) and match.lastindex
            at = match.start(match.lastindex or 0) if loose else match.end()
            return max(at, 0), length / len(source)
    return 0, 0.0


def _compiled(source: str, flags: int) -> re.Pattern[str] | None:
    """Return the beginning of a pattern with its groups closed, if that is one."""
    opened = 0
    escaped = inside = False
    for character in source:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif inside:
            inside = character != "]"
        elif character == "[":
            inside = True
        else:
            opened += (character == "(") - (character == ")")
    if escaped or inside or opened < 0:
        return None
    try:
        return re.compile(source + ")" * opened, flags)
    except re.error:
        return None

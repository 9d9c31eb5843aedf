"""The parts of a line, and the line with a letter under each of them."""

from collections.abc import Iterable, Iterator
from string import ascii_lowercase
from typing import NamedTuple

from rich.cells import cell_len

from esa_auth import grammar
from esa_auth.facts import Envelope, Unread
from esa_auth.visible import visible


class Part(NamedTuple):
    """``text[start:end]`` is the ``name`` of the line."""

    name: str
    start: int
    end: int


def parts_of(prefix: Envelope, before: str, body: str) -> list[Part]:
    """Return the parts of a line, ``before`` its body and in it, from the left."""
    found = list(_of_prefix(prefix, before))
    found += (
        Part(name, start + len(before), end + len(before))
        for name, start, end in _of_body(body)
    )
    return sorted(_apart(found), key=lambda part: part.start)


def _of_prefix(prefix: Envelope, before: str) -> Iterator[Part]:
    at = len(before)
    wanted = (
        ("level", prefix.level),
        ("log subscription", prefix.program),
        ("appliance", prefix.host),
        ("time", prefix.stamp),
    )
    # From the right: that is what the reader of prefixes believes, too.
    for name, value in wanted:
        place = before.lower().rfind(value.lower(), 0, at) if value else -1
        if value and place >= 0:
            yield Part(name, place, place + len(value))
            at = len(before) if name == "level" else at


def _of_body(body: str) -> Iterator[Part]:
    rule, fact = grammar.rule_for(body), grammar.read(body)
    match = rule.pattern.fullmatch(body.rstrip()) if rule else None
    if match is None or isinstance(fact, Unread):
        return
    groups = {
        match.span(n): match[n] for n in range(1, match.re.groups + 1) if match[n]
    }
    fields = {k: str(v) for k, v in fact._asdict().items() if v is not None}
    unplaced = []
    for name, value in fields.items():
        span = next((s for s, text in groups.items() if text == value), None)
        if span:
            del groups[span]
            yield Part(name, *span)
        elif (place := max(body.find(f" {value}"), body.find(f"({value}"))) >= 0:
            yield Part(name, place + 1, place + 1 + len(value))
        else:
            unplaced.append(name)
    # A word that is told in another one, "failed" for the outcome failure.
    if len(unplaced) == len(groups) == 1:
        yield Part(unplaced[0], *next(iter(groups)))


def _apart(parts: Iterable[Part]) -> Iterator[Part]:
    """Leave out a part that lies over one before it."""
    taken: list[Part] = []
    for part in parts:
        if all(part.end <= other.start or other.end <= part.start for other in taken):
            taken.append(part)
            yield part


def marked(text: str, parts: list[Part], width: int) -> Iterator[tuple[str, str]]:
    """Yield pieces of the line, ``width`` columns at most, and the letters under each.

    Nothing in a piece is obeyed by a terminal.
    """
    letters = [" "] * len(text)
    for letter, part in zip(ascii_lowercase, parts, strict=False):
        letters[part.start : part.end] = letter * (part.end - part.start)
    line = under = ""
    for character, letter in zip(text, letters, strict=True):
        shown = visible(character)
        if cell_len(line) + cell_len(shown) > width:
            yield line, under.rstrip()
            line = under = ""
        line += shown
        under += letter * cell_len(shown)
    if line:
        yield line, under.rstrip()

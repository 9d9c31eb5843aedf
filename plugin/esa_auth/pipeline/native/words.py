"""What native code is told of the grammar, all of it derived from the rows."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeAlias

from esa_auth import grammar
from esa_auth.envelope import CHANGED_ENDS
from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import (
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    DeliveryStarted,
    Fact,
    MessageAborted,
    MessageReady,
    MessageStarted,
    RecipientGiven,
    SenderGiven,
    Side,
    Unread,
)
from esa_auth.pipeline.dispatch import Dispatcher
from esa_auth.pipeline.line import CUTS
from esa_auth.pipeline.unusual import REPEATED

# A kind of piece, see `plugin/native/src/forms.rs`, and its text.
Piece: TypeAlias = tuple[int, bytes]
# What a line of the form says, and its pieces.
Form: TypeAlias = tuple[int, list[Piece]]

_LITERAL, _ANYTHING, _TEXT = 0, 5, 6
# Pieces of an expression, in the order of the kinds behind literal text; an example of
# each, and the letters that it may be made of.
_KINDS = {
    r"([0-9]{1,12})": ("1", "0123456789"),
    r"[0-9]+": ("1", "0123456789"),
    r"([0-9, ]*)": ("0, 1", "0123456789, "),
    " +": (" ", " "),
    ".*": ("x", ""),
    r"(.*)": ("x", ""),
}
_PART = re.compile(
    "|".join(f"({re.escape(text)})" for text in _KINDS)
    + r"|((?:[A-Za-z0-9 :,-]|\\[()\[\]])(?![?*+{]))"
)
# A group that may be missing; one of two words; a letter that may be missing.
_OPTIONAL = re.compile(r"\((?:\?:)?((?:[^()\\|]|\\.)*)\)\?")
_EITHER = re.compile(r"\(\?:([A-Za-z ]+)\|([A-Za-z ]+)\)")
_LETTER = re.compile(r"([A-Za-z:])\?")


def words(dispatch: Dispatcher, max_line: int) -> tuple[Any, ...]:
    """Return what native code is to know of the grammar; see `words.rs`."""
    rules = grammar.GRAMMAR
    passed = rules.mail_passed_over()
    sides: tuple[Side, Side] = ("icid", "dcid")
    return (
        [(w.encode(), f"0123456789{n}".encode()) for w, n in passed.items()],
        list(dispatch.handlers),
        list(dispatch.mail_leads),
        [[w.encode() for w in rules.words_at_sight(s, "context")] for s in sides],
        [[w.encode() for w in rules.words_at_sight(s, "ignored")] for s in sides],
        [word.lower().encode() for word in (*rules.phrases.words, REPEATED)],
        CUTS,
        max_line,
        # Asked for when a line may have one of them: it compiles the expressions.
        lambda: [(lead, list(_forms(lead))) for lead in sorted(dispatch.mail_leads)],
        list(CHANGED_ENDS),
    )


def _forms(lead: bytes) -> Iterator[Form]:
    """Yield the forms of lines on mail with this lead, in the order of their rows.

    Those behind a row that native code cannot read are left out, for it comes first.
    """
    for rule in grammar.GRAMMAR.rules:
        if lead.decode() not in rule.leads:
            continue
        if rule.any_case or rule.family not in grammar.MAIL_FAMILIES:
            return
        found = [_form(rule, text) for text in _without_choice(rule.expression)]
        for form in found:
            if form is None:
                return
            yield form


def _without_choice(expression: str) -> Iterator[str]:
    """Yield expressions without choice that match together what this one does."""
    if match := _OPTIONAL.search(expression) or _LETTER.search(expression):
        both = (match[1], "")
    elif match := _EITHER.search(expression):
        both = (match[1], match[2])
    else:
        yield expression
        return
    for text in both:
        before, behind = expression[: match.start()], expression[match.end() :]
        yield from _without_choice(f"{before}{text}{behind}")


def _form(rule: Rule, expression: str) -> Form | None:
    """Return a form as native code knows it; None: there is more to it."""
    pieces: list[tuple[int, str]] = []
    at = 0
    while match := _PART.match(expression, at):
        at, text = match.end(), match[0]
        kind = (match.lastindex or 0) % (len(_KINDS) + 1)
        if kind == _LITERAL:
            text = text.removeprefix("\\")
            if pieces and pieces[-1][0] == _LITERAL:
                text = pieces.pop()[1] + text
        pieces.append((kind, text))
    examples = list(_KINDS.values())
    told = [
        text if kind == _LITERAL else examples[kind - 1][0] for kind, text in pieces
    ]
    reading = grammar.GRAMMAR.reading("".join(told))
    if at < len(expression) or reading is None or reading.rule is not rule:
        return None
    if not _is_plain(pieces):
        return None
    texts = [(kind, b"" if kind else text.encode()) for kind, text in pieces]
    return _meaning(reading.fact), texts


def _is_plain(pieces: list[tuple[int, str]]) -> bool:
    """Return whether each piece ends where the next one cannot go on."""
    letters = [letters for _, letters in _KINDS.values()]
    for (kind, _), (next_kind, text) in pairwise(pieces):
        if kind and (next_kind or text[0] in letters[kind - 1]):
            return False
    kinds = [kind for kind, _ in pieces]
    return _ANYTHING not in kinds[:-2] and _TEXT not in kinds[:-1]


def _meaning(fact: Fact | Unread) -> int:
    """Return the number of what a line says; see `plugin/native/src/forms.rs`."""
    match fact:
        case MessageStarted():
            return 0
        case RecipientGiven(accepted=True):
            return 2
        case SenderGiven() | RecipientGiven():
            return 1
        case MessageReady():
            return 3
        case MessageAborted():
            return 4
        case DeliveryStarted() | Delivered() | Bounced():
            return 5
        case Delayed() | ConnectionFailed():
            return 5
        case _:
            # It is Python's.
            return 6

"""One row of the rule table: all that the program knows of one wording."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from esa_auth.grammar.opening import opening
from esa_auth.model.facts import Fact, Side
from esa_auth.places import Places, Span

Evidence: TypeAlias = Literal["real", "redacted", "template", "third-party", "unseen"]
Family: TypeAlias = Literal[
    "auth",
    "login",
    "opening",
    "context",
    "close",
    "message",
    "delivery",
    "header",
    "ignored",
]
# Each of their lines becomes an event, or a dead letter.
EVENT_FAMILIES: frozenset[Family] = frozenset({"auth", "login"})

# What to take out of an expression to see its literal text: a look ahead, and the
# brackets around a group of letters.
_LOOK_AHEAD = re.compile(r"\(\?[=!](?:[^()\\]|\\.)*\)")
_LETTERS_ONLY = re.compile(r"(?<!\\)\(([^()|\\?*+]*)\)(?![?*+{])")
# What stands between two pieces of literal text. A letter with a question mark behind
# it may be missing, so it is in neither.
_NOT_LITERAL = re.compile(
    r"\\.|\[[^]]*\]|\(\?P<\w+>|\(\?:|\{[0-9,]*\}|[A-Za-z :,]\?|[(){}|.*+?^$]"
)
_WORD = re.compile(r"[A-Za-z]{2}")
_LONG_WORD = re.compile(r"[A-Za-z]{4}")
# One word alone may be part of any name.
_TELLING = re.compile(r"[A-Za-z]+[^A-Za-z]+[A-Za-z]|[A-Za-z]:")
NUMBER = r"([0-9]{1,12})"
# It may also be written in another way where nobody asks for its value.
_DIGITS = r"\(?\[0-9\](?:[+]|\{[0-9,]+\})\)?"
_SIDE = re.compile(rf"\b(ICID|DCID)\b:?\??:? {_DIGITS}")
_LITERAL = re.compile(r"[A-Za-z0-9 :,]*(?![?*+{])")
_AROUND_NUMBER = re.compile(rf"[A-Za-z :,]*(?:{_DIGITS}[A-Za-z :,]*)?(?![?*+{{])")
_LEADING_NUMBER = re.compile(rf"[: ]*(?:{_DIGITS}[: ]*)?")


@dataclass(frozen=True)
class Rule:
    r"""One line form.

    Attributes:
        name: What `explain` calls it; no two rows have the same.
        family: What its lines are for. ``auth`` and ``login``: each line is an event.
            ``opening``, ``context``, ``close``: they tell of a connection.
            ``message``, ``delivery``: they tell of its mail, once it has AUTH.
            ``header``: of the log file. ``ignored``: known, and of no interest.
        lead: The words that a line begins with; the first four bytes choose the rows
            that are tried.
        expression: Matches the whole body, without trailing blanks. The group ``user``
            begins with the name in the fact. Groups whose name begins with ``secret``
            hold tokens that log in whoever has them; with ``text``, words of others. A
            fact with a name is refused under `privacy` if its row has no group
            ``user``.
        build: Makes the fact; None refuses what no regular expression should decide.
        sample: A line of this form, without what stands before its body.
        seen: Where the form was seen.
        evidence: How good that is. ``real``: a line of an appliance or of a page of the
            vendor. ``redacted``: a real line in somebody's test. ``template``: the
            message catalogue of the appliance. ``third-party``: only somebody's parser
            or test shows it. ``unseen``: no line was seen; the row is there so that an
            unknown wording makes nothing up.
        also: More samples: each alternative of the expression has one.
        any_case: Whether capital and small letters are the same.
        at_sight: Words behind ``ICID n`` or ``DCID n`` that no line of another row
            has there. Most lines of connections begin so, and are not read before AUTH
            asks for them. With the family ``close`` they are the whole rest.
        cuts_user_at: Texts at which ``build`` ends the name inside the group ``user``.
    """

    name: str
    family: Family
    lead: str
    expression: str
    build: Callable[[re.Match[str]], Fact | None]
    sample: str
    seen: str
    evidence: Evidence = "real"
    also: tuple[str, ...] = ()
    any_case: bool = False
    at_sight: tuple[str, ...] = ()
    cuts_user_at: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """A line of each wording."""
        return (self.sample, *self.also)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled when the first line asks.

        To compile all of them would delay the first event, and few logs have lines of
        every form.
        """
        return compiled(self.expression, any_case=self.any_case)

    @cached_property
    def own(self) -> re.Pattern[str]:
        """Matches what a body begins with that only the appliance can have written."""
        return compiled(opening(self.expression), any_case=self.any_case)

    @property
    def leads(self) -> frozenset[str]:
        """The first four letters of its lines."""
        lead = f"{self.lead} "[:4]
        return frozenset(
            (lead, lead.lower(), lead.upper()) if self.any_case else [lead]
        )

    @property
    def side(self) -> Side | None:
        """Which side's connection the line gives the number of."""
        found = _SIDE.search(self.expression)
        return None if found is None else "icid" if found[1] == "ICID" else "dcid"

    @property
    def up_to_number(self) -> str:
        """The beginning of the expression, as far as the number of the connection."""
        before, number, _ = self.expression.partition(NUMBER)
        return before + number

    @property
    def beginning(self) -> str:
        """The letters that every line begins with, as far as they are always there."""
        match = _LITERAL.match(self.expression)
        literal = match[0] if match else ""
        return literal if len(literal) > len(self.lead) else self.lead

    def own_words(self, *, with_lead_alone: bool) -> str | None:
        """Return an expression for the words that every line begins with.

        None if there are none but the lead, unless ``with_lead_alone``.
        """
        match = _AROUND_NUMBER.match(self.expression)
        words = match[0] if match else ""
        behind = words.removeprefix(self.lead)
        return words if with_lead_alone or _LONG_WORD.search(behind) else None

    @property
    def second_letter(self) -> str | None:
        """What the word behind the lead, and a number, begins with, if it is told."""
        behind = self.expression.removeprefix(self.lead)
        letter = _LEADING_NUMBER.sub("", behind, count=1)[:1]
        return letter if letter.isalpha() else None

    @cached_property
    def delimiters(self) -> frozenset[str]:
        """The literal text around the user name.

        A name that holds such text may be another name in a longer line.
        """
        before, _, behind = self.expression.partition("(?P<user>")
        # The group itself holds no other.
        group, _, behind = behind.partition(")")
        if not group or group.startswith(r"\S"):
            # No name, or one without blanks.
            return frozenset()
        first, *others = _literal_texts(behind) or [""]
        telling = filter(_TELLING.search, [*_literal_texts(before)[-1:], *others])
        return frozenset(filter(None, (first, *telling, *self.cuts_user_at)))

    def places(self, match: re.Match[str]) -> Places:
        """Return where the name and the like stand in a body that it reads."""
        found = {name: match.span(name) for name in match.re.groupindex}
        # A group that takes part in nothing has the span (-1, -1).
        user = found.get("user")
        return Places(
            user if user and user[0] >= 0 else None,
            _named("secret", found),
            _named("text", found),
        )


def _literal_texts(expression: str) -> list[str]:
    plain = _LETTERS_ONLY.sub(r"\1", _LOOK_AHEAD.sub("", expression))
    return list(filter(_WORD.search, _NOT_LITERAL.sub("\0", plain).split("\0")))


def _named(kind: str, found: dict[str, Span]) -> tuple[Span, ...]:
    return tuple(
        (start, end)
        for name, (start, end) in found.items()
        if name.startswith(kind) and start < end
    )


def compiled(pattern: str, *, any_case: bool = False) -> re.Pattern[str]:
    """Compile with the flags every rule shares."""
    flags = re.ASCII | re.DOTALL
    return re.compile(pattern, flags | re.IGNORECASE if any_case else flags)

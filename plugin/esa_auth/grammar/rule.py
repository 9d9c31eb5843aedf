"""What one row of the rule table is made of."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from esa_auth.grammar.opening import opening
from esa_auth.model.facts import Fact
from esa_auth.places import Places, Span

Evidence: TypeAlias = Literal["real", "redacted", "template", "third-party", "unseen"]


@dataclass(frozen=True)
class Rule:
    """One line form.

    ``expression`` must match the whole body, trailing blanks removed. Its groups say
    what stands where: ``user`` begins with the name in the fact, groups whose name
    begins with ``secret`` hold tokens that log in whoever has them, with ``text`` words
    of others. A fact with a name is refused under `privacy` if its row has no group
    ``user``. ``build`` may still refuse (None) what a regular expression should not
    decide.

    ``seen`` says where the form was seen and ``evidence`` how good that is: ``real`` (a
    line of an appliance or a vendor's page), ``redacted`` (a real line in somebody's
    test), ``template`` (the appliance's message catalogue), ``third-party`` (only
    someone's parser or test shows it), ``unseen`` (no line was seen: the row is there
    so that a wording that is not known makes nothing up). ``also`` are further samples:
    every alternative of the expression has one.
    """

    name: str
    lead: str
    expression: str
    build: Callable[[re.Match[str]], Fact | None]
    sample: str
    seen: str
    evidence: Evidence = "real"
    any_case: bool = False
    also: tuple[str, ...] = ()

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

"""What one row of the rule table is made of."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from esa_auth.facts import Fact

Evidence: TypeAlias = Literal["real", "redacted", "template", "third-party", "unseen"]


@dataclass(frozen=True)
class Rule:
    """One line form.

    ``expression`` must match the whole body, trailing blanks removed. ``build`` may
    still refuse (None) what a regular expression should not decide. ``seen`` says where
    the form was seen and ``evidence`` how good that is: ``real`` (a line of an
    appliance or a vendor's page), ``redacted`` (a real line in somebody's test),
    ``template`` (the appliance's message catalogue), ``third-party`` (only someone's
    parser or test shows it), ``unseen`` (no line was seen: the row is there so that a
    wording that is not known makes nothing up). ``also`` are further samples: every
    alternative of the expression has one.
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


def compiled(pattern: str, *, any_case: bool = False) -> re.Pattern[str]:
    """Compile with the flags every rule shares."""
    flags = re.ASCII | re.DOTALL
    return re.compile(pattern, flags | re.IGNORECASE if any_case else flags)

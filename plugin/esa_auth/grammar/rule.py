"""What one row of the rule table is made of."""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from esa_auth.facts import Fact

Evidence: TypeAlias = Literal["real", "redacted", "template", "third-party"]


class Rule(NamedTuple):
    """One line form.

    ``pattern`` must match the whole body, trailing blanks removed. ``build`` may still
    refuse (None) what a regular expression should not decide. ``seen`` says where the
    form was seen and ``evidence`` how good that is: ``real`` (a line of an appliance or
    a vendor's page), ``redacted`` (a real line in somebody's test), ``template`` (the
    appliance's message catalogue), ``third-party`` (only someone's parser shows it).
    """

    name: str
    lead: str
    pattern: re.Pattern[str]
    build: Callable[[re.Match[str]], Fact | None]
    sample: str
    seen: str
    evidence: Evidence = "real"


def compiled(pattern: str, *, any_case: bool = False) -> re.Pattern[str]:
    """Compile with the flags every rule shares."""
    flags = re.ASCII | re.DOTALL
    return re.compile(pattern, flags | re.IGNORECASE if any_case else flags)

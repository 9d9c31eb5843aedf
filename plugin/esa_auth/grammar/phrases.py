"""The appliance's own words, looked for behind a head that nobody knows.

They are taken from the rules of the AUTH family and of logins, and where they stand in
a line only says that it must not vanish: a Subject can have them, too.
"""

import re
from collections.abc import Callable

from esa_auth.grammar.rule import Rule

# A body may begin so often in one line; one that has more is kept unread.
_MOST_BEGINNINGS = 64
# Of a longer body the beginning tells as much.
_LONGEST = 4096
# What a body may begin with without a rule of its own: AUTH in a session line.
_OTHERS = ("SMTPAuth", "ICID ", "ICID: ")
_LITERAL = re.compile(r"[A-Za-z0-9 :,]*(?![?*+{])")
# Not inside a word, but behind an escape for a tab or a line feed.
_BOUNDARY = rb"(?:(?<![A-Za-z])|(?<=\\[tnr]))"


class Phrases:
    """Finds the beginning of a body of ``rules`` anywhere in a line."""

    def __init__(
        self, rules: tuple[Rule, ...], looks_alike: Callable[[str], bool]
    ) -> None:
        """``looks_alike`` tells of an unread body whether it is of their family."""
        self._looks_alike = looks_alike
        self._rules = rules
        words = sorted({*map(beginning, rules), *_OTHERS}, key=len, reverse=True)
        either = b"|".join(re.escape(word.encode()) for word in words)
        # Any case, since collectors and later releases may write another one.
        self.beginning = re.compile(_BOUNDARY + rb"(?:" + either + rb")", re.IGNORECASE)

    def within(self, line: bytes) -> bool:
        """Return whether somewhere in ``line`` stands what may be such a body."""
        for count, found in enumerate(self.beginning.finditer(line)):
            if count >= _MOST_BEGINNINGS:
                return True
            rest = line[found.start() : found.start() + _LONGEST]
            text = rest.decode("utf-8", "backslashreplace")
            if self._looks_alike(text):
                return True
            if any(rule.pattern.match(text) for rule in self._rules):
                return True
        return False


def beginning(rule: Rule) -> str:
    """Return the letters that every line of ``rule`` begins with, as far as told."""
    match = _LITERAL.match(rule.expression)
    literal = match[0] if match else ""
    return literal if len(literal) > len(rule.lead) else rule.lead

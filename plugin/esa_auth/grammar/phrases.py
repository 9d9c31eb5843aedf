"""The appliance's own words, looked for behind a head that nobody knows.

They are taken from the rules of the AUTH family and of logins, and where they stand in
a line only says that it must not vanish: a Subject can have them, too.
"""

import re
from collections.abc import Callable

from esa_auth.grammar.rule import Rule

# A body may begin so often in one line; one that has more is kept unread.
_MOST_BEGINNINGS = 64
# In UTF-16, which PowerShell writes, every other byte of our words is one.
_NUL = b"\0"
# Of a longer body the beginning tells as much.
_LONGEST = 4096
# What a body may begin with without a rule of its own: AUTH in a session line.
_OTHERS = ("SMTPAuth", "ICID ", "ICID: ")


class Phrases:
    """Finds the beginning of a body of ``rules`` anywhere in a line."""

    def __init__(
        self,
        rules: tuple[Rule, ...],
        openings: tuple[str, ...],
        looks_alike: Callable[[str], bool],
    ) -> None:
        """``looks_alike`` tells of an unread body whether it is of their family.

        Such a body begins with one of ``openings``.
        """
        self._looks_alike = looks_alike
        self._rules = rules
        words = sorted(
            {*(rule.beginning for rule in rules), *_OTHERS}, key=len, reverse=True
        )
        either = b"|".join(re.escape(word.encode()) for word in words)
        self.words = tuple(words)
        # Also inside a word, for what stands before it may be glued on, and in any
        # case, since collectors and later releases may write another one.
        self.beginning = re.compile(either, re.IGNORECASE)
        opening = b"|".join(re.escape(word.encode()) for word in openings)
        self._opening = re.compile(rb"(?<![A-Za-z])(?:%b)" % opening, re.IGNORECASE)

    def within(self, line: bytes, *, of_any_wording: bool = False) -> bool:
        """Return whether somewhere in ``line`` stands what may be such a body.

        ``of_any_wording`` is for a line of whose head nothing is known: there a word of
        AUTH or a login is enough, as it is at the beginning of a body.
        """
        either = (
            (self.beginning, self._opening) if of_any_wording else (self.beginning,)
        )
        texts = (line, line.replace(_NUL, b"")) if _NUL in line else (line,)
        return any(self._within(text, pattern) for text in texts for pattern in either)

    def ends(self, text: str, start: int) -> bool:
        """Return whether from somewhere behind ``start`` to its end a rule reads it."""
        line = text.encode("utf-8", "backslashreplace")
        behind = len(text[:start].encode("utf-8", "backslashreplace"))
        for count, found in enumerate(self.beginning.finditer(line, behind)):
            if count >= _MOST_BEGINNINGS:
                return True
            body = line[found.start() :].decode()
            if any(rule.pattern.fullmatch(body) for rule in self._rules):
                return True
        return False

    def _within(self, line: bytes, pattern: re.Pattern[bytes]) -> bool:
        for count, found in enumerate(pattern.finditer(line)):
            if count >= _MOST_BEGINNINGS:
                return True
            rest = line[found.start() : found.start() + _LONGEST]
            text = rest.decode("utf-8", "backslashreplace")
            if self._looks_alike(text):
                return True
            if any(rule.pattern.match(text) for rule in self._rules):
                return True
        return False

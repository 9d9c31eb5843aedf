"""How many steps a regular expression takes, counted and not timed.

A plain backtracking matcher over the tree that `re` itself compiles. It tries what
`re` tries in the same order, without its short cuts, so that what grows with the square
of the text there grows with the square here. The tree has no public name: this follows
CPython 3.11 and newer, and stops at a node that it does not know.
"""

import re
from collections.abc import Callable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias

# Where a match may go on; yields the ends it can have, best first.
_Node: TypeAlias = Callable[[str, int], Iterator[int]]

_CATEGORIES: dict[Any, re.Pattern[str]] = {
    sre.CATEGORY_SPACE: re.compile(r"\s", re.ASCII),
    sre.CATEGORY_NOT_SPACE: re.compile(r"\S", re.ASCII),
    sre.CATEGORY_DIGIT: re.compile(r"\d", re.ASCII),
    sre.CATEGORY_WORD: re.compile(r"\w", re.ASCII),
}


class TooManyStepsError(Exception):
    """The budget is spent."""


class Steps:
    """A pattern whose attempts are counted; bytes are read as Latin-1."""

    def __init__(self, pattern: re.Pattern[Any], budget: int = 200_000) -> None:
        text = pattern.pattern
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        flags = pattern.flags & ~re.UNICODE | re.ASCII
        self._fold = bool(flags & re.IGNORECASE)
        self._node = self._sequence(list(_parser.parse(text, flags)))
        self._budget = budget
        self.taken = 0

    def fullmatch(self, text: str) -> bool:
        """Return whether all of ``text`` matches; `taken` says at what cost."""
        return any(end == len(text) for end in self._ends(text))

    def match(self, text: str) -> int | None:
        """Return where the match at the start of ``text`` ends, or None."""
        return next(self._ends(text), None)

    def sub(self, text: str) -> None:
        """Go over ``text`` as `re.sub` does; `taken` says at what cost."""
        self._ends(text)
        at = 0
        while at <= len(text):
            end = next(self._node(text, at), None)
            at = at + 1 if end is None else max(end, at + 1)

    def _ends(self, text: str) -> Iterator[int]:
        self.taken = 0
        text = text.lower() if self._fold else text
        return self._node(text, 0)

    def _step(self) -> None:
        self.taken += 1
        if self.taken > self._budget:
            raise TooManyStepsError

    def _sequence(self, items: list[Any]) -> _Node:
        nodes = [self._one(*item) for item in items]

        def match(text: str, at: int, index: int = 0) -> Iterator[int]:
            if index == len(nodes):
                yield at
                return
            for end in nodes[index](text, at):
                yield from match(text, end, index + 1)

        return match

    def _one(self, op: Any, argument: Any) -> _Node:
        if op in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
            return self._single(self._test(op, argument))
        if op is sre.SUBPATTERN:
            return self._sequence(list(argument[3]))
        if op is sre.AT:
            return self._place(argument)
        if op is sre.BRANCH:
            return self._branch([self._sequence(list(b)) for b in argument[1]])
        if op in (sre.ASSERT, sre.ASSERT_NOT):
            behind = argument[1].getwidth()[0] if argument[0] < 0 else 0
            return self._look(op is sre.ASSERT, behind, list(argument[1]))
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self._repeat(op is sre.MAX_REPEAT, *argument)
        raise NotImplementedError(op)

    def _test(self, op: Any, argument: Any) -> Callable[[str], bool]:
        if op is sre.ANY:
            return lambda _: True
        if op is sre.IN:
            wanted = [self._member(*item) for item in argument]
            if argument[0][0] is sre.NEGATE:
                return lambda c: not any(test(c) for test in wanted[1:])
            return lambda c: any(test(c) for test in wanted)
        letter = chr(argument).lower() if self._fold else chr(argument)
        return lambda c: (c == letter) is (op is sre.LITERAL)

    def _member(self, op: Any, argument: Any) -> Callable[[str], bool]:
        if op is sre.NEGATE:
            return lambda _: False
        if op is sre.RANGE:
            low, high = map(chr, argument)
            return lambda c: low <= c <= high
        if op is sre.CATEGORY:
            category = _CATEGORIES[argument]
            return lambda c: category.fullmatch(c) is not None
        return self._test(op, argument)

    def _single(self, test: Callable[[str], bool]) -> _Node:
        def match(text: str, at: int) -> Iterator[int]:
            self._step()
            if at < len(text) and test(text[at]):
                yield at + 1

        return match

    def _branch(self, branches: list[_Node]) -> _Node:
        def match(text: str, at: int) -> Iterator[int]:
            for branch in branches:
                yield from branch(text, at)

        return match

    def _place(self, which: Any) -> _Node:
        def match(text: str, at: int) -> Iterator[int]:
            before, behind = text[at - 1 : at], text[at : at + 1]
            if which is sre.AT_END:
                holds = behind in ("", "\n") and len(text) - at < 2
            elif which is sre.AT_END_STRING:
                holds = not behind
            elif which is sre.AT_BEGINNING_STRING:
                holds = at == 0
            elif which is sre.AT_BOUNDARY:
                letters = _CATEGORIES[sre.CATEGORY_WORD]
                holds = bool(letters.match(before)) is not bool(letters.match(behind))
            else:
                raise NotImplementedError(which)
            if holds:
                yield at

        return match

    def _look(self, wanted: bool, behind: int, items: list[Any]) -> _Node:
        node = self._sequence(items)

        def match(text: str, at: int) -> Iterator[int]:
            start = at - behind
            found = start >= 0 and any(
                end == at or not behind for end in node(text, start)
            )
            if found is wanted:
                yield at

        return match

    def _repeat(self, greedy: bool, low: int, high: Any, items: list[Any]) -> _Node:
        node = self._sequence(list(items))
        most = None if high is sre.MAXREPEAT else int(high)

        def match(text: str, at: int, done: int = 0) -> Iterator[int]:
            if not greedy and done >= low:
                yield at
            if most is None or done < most:
                for end in node(text, at):
                    if end > at:
                        yield from match(text, end, done + 1)
            if greedy and done >= low:
                yield at

        return match

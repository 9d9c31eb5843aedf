"""The words at the beginning of a body that no user can have put there."""

import re

# What an expression begins with: a look aside, words to choose from, a number of a
# connection or message, a letter. Anything else may be somebody's text.
_ITEM = re.compile(
    r"\(\?[!=](?:[^()\\]|\\.)*\)"
    r"|\((?:\?:)?[A-Za-z/ ]+(?:\|[A-Za-z/ ]+)*\)\??"
    r"|(?<=ID )\(\[0-9\]\{1,12\}\)|(?<=ID:\? )\(\[0-9\]\{1,12\}\)"
    r"|(?:\\[^A-Za-z0-9]|[^\\.\[\](){}?*+|^$])\??"
)


def opening(expression: str) -> str:
    """Return an expression for the own text that bodies of ``expression`` begin with.

    It matches as many of its words as a body has, none at the least.
    """
    items = []
    at = 0
    while item := _ITEM.match(expression, at):
        items.append(item[0])
        at = item.end()
    words = _words(items)
    return "(?:".join(["", *words]) + ")?" * len(words)


def _words(items: list[str]) -> list[str]:
    words = [""]
    for item in items:
        words[-1] += item
        if item == " ":
            words.append("")
    return [word for word in words if word]


def whole_words(body: str, end: int) -> str:
    """Return ``body[:end]`` without a word that goes on behind it."""
    if body[end : end + 1].isalnum():
        while body[:end][-1:].isalnum():
            end -= 1
    return body[:end]

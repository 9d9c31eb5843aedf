"""A remote server's reply, which AsyncOS logs as the repr of a Python tuple.

``('535', ['5.7.8 Error: authentication failed'])`` in Cisco note 118570. Strings turn
to double quotes when they hold an apostrophe. Code ``000`` is the appliance's own, for
trouble that is not SMTP (spamtowho source).
"""

import re

MAX_REPLY = 8192

_TUPLE = re.compile(r"\(['\"]([0-9]{3})['\"], \[(.*)", re.DOTALL)
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_QUOTE = re.compile(r"['\"]")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


def read_reply(text: str) -> tuple[str | None, str | None]:
    """Return (code, text) of a reply; (None, text as it is) when it is not a tuple."""
    match = _TUPLE.fullmatch(text) if len(text) <= MAX_REPLY else None
    inside = _list_of(match[2]) if match else None
    if match is None or inside is None:
        return None, text or None
    lines = [_unescape(s.group(1) or s.group(2) or "") for s in _strings(inside)]
    return match[1], " ".join(lines) or None


def _list_of(text: str) -> str | None:
    """Return what stands before ``])``, behind which a list in brackets may follow."""
    if text.endswith("])"):
        return text[:-2]
    end = max(text.rfind("])["), text.rfind("]) ["))
    return text[:end] if end >= 0 and text.endswith("]") else None


def _strings(text: str) -> "list[re.Match[str]]":
    found: list[re.Match[str]] = []
    # A quote that nothing closes ends the search: to look again behind each quote of
    # the rest would take the square of its length.
    at = _QUOTE.search(text)
    while at and (string := _STRING.match(text, at.start())):
        found.append(string)
        at = _QUOTE.search(text, string.end())
    return found


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    what = match[1]
    if len(what) == 3:
        return chr(int(what[1:], 16))
    return _NAMED.get(what, what)

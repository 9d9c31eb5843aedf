"""The framing json: a document a line, as log shippers hand them to a child."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from esa_auth.inputs.records import TOGETHER, Broken, Record, RecordReader, Terms

# Between two documents; no float is equal to it, and it has one spelling.
_MARK = 9_007_199_254_740_993
_BETWEEN = b",\n%d,\n" % _MARK


class JsonLines:
    """Takes the documents apart; one may hold several physical lines."""

    # Its last brace says so.
    is_whole_by_itself = True

    def __init__(self, terms: Terms) -> None:
        self._records = RecordReader(terms)
        self._native = self._records.native() if terms.native else None
        # A record wraps its line: escapes double it, other fields come with it.
        self.longest = terms.max_line * 4

    def read(self, lines: list[bytes]) -> Iterator[list[Record] | Broken]:
        """Read one document a line; blank lines are none."""
        if self._native is None:
            for at in range(0, len(lines), TOGETHER):
                yield from self._together(lines[at : at + TOGETHER])
            return
        at = 0
        while at < len(lines):
            plain, end = self._native.read(lines, at)
            if plain:
                yield plain
            # One that is not plain behind some that are is most likely alone.
            at = end + (1 if plain else TOGETHER)
            yield from self._together(lines[end:at])

    def _together(self, some: list[bytes]) -> Iterator[list[Record] | Broken]:
        """Read documents in one go, if all are plain."""
        documents = _documents(some)
        plain = None if documents is None else self._records.plain(documents)
        if plain is None:
            yield from self._one_by_one(some)
        else:
            yield plain

    def _one_by_one(self, lines: list[bytes]) -> Iterator[list[Record] | Broken]:
        for line in lines:
            try:
                document = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                if not line or line.isspace():
                    continue
                document = _not_utf_8(line)
                if document is None:
                    yield Broken(line, f"not JSON: {error}")
                    continue
            yield self._records.document(document, line)


def _not_utf_8(line: bytes) -> Any:
    """Return the document of a line that is JSON but for bytes that are not UTF-8.

    rsyslog 8.2302 copies them into JSON as they are, and they are kept. None: it is
    no such line.
    """
    text = line.decode("utf-8", "surrogateescape")
    # A surrogate that the line spells out could not be told from such a byte.
    if line == text.encode("utf-8", "ignore") or b"\\ud" in line.lower():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _documents(lines: list[bytes]) -> list[Any] | None:
    """Return the document of each line, read in one go; None if one has not just one.

    They become one list. A number that is in no line stands between them: if it is that
    often in the list itself, no document goes over the end of a line.
    """
    between = len(lines) - 1
    text = _BETWEEN.join(lines)
    if text.count(b"%d" % _MARK) != between:
        return None
    try:
        found = orjson.loads(b"[%b]" % text)
    except orjson.JSONDecodeError:
        return None
    if len(found) != len(lines) + between or found[1::2].count(_MARK) != between:
        return None
    documents: list[Any] = found[::2]
    return documents

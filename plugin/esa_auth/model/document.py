"""The vocabulary behind the ECS stage: a document in the two parts it is built of."""

from typing import Any, NamedTuple

import orjson


class Context:
    """What all events of connections that were opened alike have in common.

    ``parts`` stand in the document as they are, ``related`` and ``own`` are what the
    context gives to ``related`` and ``cisco_esa``, to which an event adds. None of it
    is changed once it is made.
    """

    __slots__ = ("own", "parts", "related")

    def __init__(
        self, parts: dict[str, Any], related: dict[str, Any], own: dict[str, Any]
    ) -> None:
        self.parts, self.related, self.own = parts, related, own


class Document(NamedTuple):
    """An ECS document: the fields of its own, and its context."""

    own: dict[str, Any]
    context: Context

    def whole(self) -> dict[str, Any]:
        """Return the document as one."""
        return {**self.own, **self.context.parts}

    def line(self) -> bytes:
        """Return the document as a line of JSON."""
        return json_line(self.whole())


def json_line(event: dict[str, Any]) -> bytes:
    """Return a whole document as a line of JSON."""
    return orjson.dumps(event, None, orjson.OPT_APPEND_NEWLINE)

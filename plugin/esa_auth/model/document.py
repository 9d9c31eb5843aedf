"""An event in the two parts that it is built of, until it is validated."""

from typing import Any, NamedTuple


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
    """An event: ``own``, its fields of its own, and behind them `Context.parts`."""

    own: dict[str, Any]
    context: Context

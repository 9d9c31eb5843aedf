"""Where in the body of a line stands what others are not to read."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

HIDDEN = "[hidden]"
Span: TypeAlias = tuple[int, int]


class Places(NamedTuple):
    """Spans of the name, of tokens that log in whoever has them, of a peer's words.

    What begins at ``user`` begins with the name; ``user`` None: the row does not say.
    """

    user: Span | None = None
    secrets: tuple[Span, ...] = ()
    texts: tuple[Span, ...] = ()


def replaced(body: str, pieces: Iterable[tuple[Span, str]]) -> str:
    """Return ``body`` with other text at these places, which lie apart."""
    for (start, end), text in sorted(pieces, reverse=True):
        body = body[:start] + text + body[end:]
    return body


def hidden(places: Places) -> list[tuple[Span, str]]:
    """Return the secrets with what takes their place."""
    return [(span, HIDDEN) for span in places.secrets]

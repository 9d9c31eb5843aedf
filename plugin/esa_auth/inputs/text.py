"""The framings native and syslog: lines of the appliance, nothing around them."""

from collections.abc import Iterable

from esa_auth.inputs.records import Lines, Piece, Terms


class TextLines:
    """Hands lines on as they are; each is read by its own head."""

    is_whole_by_itself = False

    def __init__(self, terms: Terms) -> None:
        self.longest = terms.max_line

    def read(self, lines: list[bytes]) -> Iterable[Piece]:
        """Return the lines."""
        return (Lines(lines),)

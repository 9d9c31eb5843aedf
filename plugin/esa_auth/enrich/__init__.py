"""What is known from elsewhere, added to an event before it is validated.

One module for each thing that is added. None of them opens a file: a table is given
to them, see `esa_auth.enrich.tables`.
"""

from typing import Any, Protocol


class TableError(ValueError):
    """A file is no table; the text says where in it and why."""


class Table(Protocol):
    """What a file says, whole; it never changes."""

    @property
    def damage(self) -> str:
        """What was found wrong while it was used; empty if nothing was."""

    def find(self, key: str, /) -> dict[str, Any] | None:
        """Return what it says of an address or a name, not to be changed."""


class Enricher(Protocol):
    """Adds fields that are not there; changes none that is, and takes none away.

    What it adds comes from the event and the table alone: equal tables, equal events.
    A part of an event is shared by all events of a session, so an enricher puts a copy
    in its place and never writes into it.
    """

    table: Table | None
    """Put in place whole, between two blocks; None as long as no file could be read."""

    @property
    def of_context(self) -> bool:
        """Whether it looks only at what an event has of its context."""

    def __call__(self, event: dict[str, Any], /) -> None:
        """Add what the table says to an event, or to the parts that are its context's.

        With the latter comes an empty `cisco_esa`, for what belongs there.
        """


def added(part: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return ``part`` with that of ``more`` which it does not have."""
    return {**part, **more, **part}


def lines_of(data: bytes) -> list[str]:
    """Return the lines of a text.

    Raises:
        TableError: it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise TableError(f"byte {error.start}: not UTF-8") from error

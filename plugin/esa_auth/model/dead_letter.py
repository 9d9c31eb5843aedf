"""What a dead letter says to the one who reads it again."""

from typing import Any, NamedTuple

# Reasons for which a whole line was refused: reading it again may give an event. What
# was refused for another (cut, a session's end) can only be kept.
WHOLE_LINE = frozenset(("unread", "unknown_head", "no_time", "invalid_event"))
BROKEN_RECORD = "broken_record"
DAMAGED_LETTER = "damaged_letter"


class ReplayHints(NamedTuple):
    """What a line needs beside its bytes to be read as it was.

    ``time`` is its stamp if a record around the line gave it, ``ordinal`` counts the
    identical lines before it in its second, ``offset`` and ``last`` are the appliance's
    clock (`Clock.snapshot`), ``version`` and ``serial`` what the file header said.
    ``session_end`` marks a refused summary of a session, which no line can give back,
    ``withheld`` a line that is not the one that was read, for it held names, and
    ``implausible`` one whose time was.
    """

    time: str | None = None
    ordinal: int | None = None
    offset: int | None = None
    last: int | None = None
    version: str | None = None
    serial: str | None = None
    session_end: bool = False
    withheld: bool = False
    implausible: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return what is known."""
        return {
            k: v for k, v in self._asdict().items() if v is not None and v is not False
        }


class DeadLetter(NamedTuple):
    """A dead letter; ``appliance`` holds the host that a record around it gave."""

    raw: bytes
    why: str
    reasons: tuple[str, ...]
    appliance: str
    hints: ReplayHints

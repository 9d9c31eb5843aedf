"""Every counter and what it means. `lines` is the sum of the five kinds of line.

A counter is defined once: its field says what the metric is called and what its help
text is, and `metrics.exposition` walks over the fields.
"""

from dataclasses import asdict, dataclass, field
from typing import Any


def metric(
    help_text: str,
    name: str = "",
    *,
    level: bool = False,
    scale: float = 1,
    times: str = "",
) -> Any:
    """Return a field of a dataclass that is a whole number and a metric.

    Args:
        help_text: Of the metric.
        name: Of the metric, where it is not the name of the field.
        level: It may fall; otherwise it is a counter.
        scale: What the number is multiplied by: 1e-6 makes seconds of microseconds.
        times: The field that counts what this one sums up: together they are a summary.
    """
    told = {"help": help_text, "name": name, "level": level}
    return field(default=0, metadata={**told, "scale": scale, "times": times})


class Level(property):
    """A property that is a metric; its docstring is the help text."""


@dataclass(slots=True)
class ApplianceCounts:
    """What is counted of an appliance; the last four by the flag of the events."""

    evicted: int = 0
    expired: int = 0
    replaced: int = 0
    assumed_utc: int = 0
    future_time: int = 0
    implausible_time: int = 0
    appliance_conflict: int = 0

    def add(self, other: "ApplianceCounts") -> None:
        """Add what was counted of another appliance."""
        for name, count in asdict(other).items():
            setattr(self, name, getattr(self, name) + count)


@dataclass(slots=True)
class Counters:
    """Counts since start.

    A line counts once: ``results`` (the verdict on an attempt, at SMTP AUTH or at the
    appliance itself), ``ancillary`` (of such a family, no verdict: notices, the logout
    of an administrator), ``context`` (kept or used for a session, or a file header),
    ``rejected`` (became a dead letter), else ``ignored``. A line that waits, or whose
    event does, counts when it is known what becomes of it, in ``lines`` too. Until then
    it is one of ``held``, which falls again; all others only rise.

    Beside them: ``unknown_heads`` are physical lines that do not begin as a line of the
    appliance does, with a level or a known word, and of which no record tells the time.
    ``repeats_unread`` is how many attempts, at most, ``last message repeated n times``
    stood for: which line was the last of its sender is not known behind a collector.
    """

    lines: int = metric("Lines read: the sum of all kinds.")
    results: int = 0
    ancillary: int = 0
    context: int = 0
    rejected: int = 0
    session_ends: int = metric("Ends of sessions among the events.")
    session_progress: int = metric("Reports on open sessions among the events.")
    invalid_events: int = metric("Events that the schema refused.")
    dead_letters: int = metric("Dead letters written.")
    wrapped_joined: int = 0
    unknown_heads: int = metric(
        "Lines whose head no framing reads, whatever became of them.",
        "lines_unknown_head",
    )
    repeats_unread: int = 0
    held: int = metric(
        "Lines that wait, or whose events do: in no other count yet.",
        "lines_held",
        level=True,
    )

    @property
    def ignored(self) -> int:
        """Lines of no interest. Computed, so that most lines are not counted apart."""
        return self.lines - self.results - self.ancillary - self.context - self.rejected

    @property
    def events(self) -> int:
        """Events that left."""
        of_sessions = self.session_ends + self.session_progress
        return self.results + self.ancillary + of_sessions

    def as_dict(self) -> dict[str, int]:
        """Return all of them by name, but for the level ``held``."""
        counts = {**asdict(self), "ignored": self.ignored, "events": self.events}
        del counts["held"]
        return counts

    def closing_line(self) -> str:
        """Return the accounting identity in one line."""
        reports = (
            f", {self.session_progress} reports on open sessions"
            if self.session_progress
            else ""
        )
        repeats = (
            f"; 'last message repeated' stood for {self.repeats_unread} lines not read"
            if self.repeats_unread
            else ""
        )
        return (
            f"{self.lines} lines = {self.results} results + {self.ancillary} ancillary"
            f" + {self.context} context + {self.ignored} ignored"
            f" + {self.rejected} rejected; {self.session_ends} session ends,"
            f" {self.dead_letters} dead letters{reports}{repeats}"
        )

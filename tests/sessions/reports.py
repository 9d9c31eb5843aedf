"""Reports on open sessions among other events."""

from tests.support.harness import Event

PROGRESS = "smtp-session-progress"


def reports(events: list[Event]) -> list[Event]:
    return [e for e in events if e["event"]["action"] == PROGRESS]

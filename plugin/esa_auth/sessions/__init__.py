"""Facts -> sessions. Bounded, no clock but the log's, no I/O."""

from esa_auth.sessions.changes import Changes
from esa_auth.sessions.messages import Messages
from esa_auth.sessions.progress import NO_REPORTS, ReportEvery, is_due
from esa_auth.sessions.series import Series
from esa_auth.sessions.states import END_FLAGS, Ended, Event, State
from esa_auth.sessions.table import Table

__all__ = [
    "END_FLAGS",
    "NO_REPORTS",
    "Changes",
    "Ended",
    "Event",
    "Messages",
    "ReportEvery",
    "Series",
    "State",
    "Table",
    "is_due",
]

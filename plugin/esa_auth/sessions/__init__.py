"""Facts -> sessions. Bounded, no clock but the log's, no I/O."""

from esa_auth.sessions.age import is_expired
from esa_auth.sessions.fold import fold_context, fold_delivery, fold_result
from esa_auth.sessions.messages import Messages
from esa_auth.sessions.series import Series
from esa_auth.sessions.table import MAX_KEPT, Table

__all__ = [
    "MAX_KEPT",
    "Messages",
    "Series",
    "Table",
    "fold_context",
    "fold_delivery",
    "fold_result",
    "is_expired",
]

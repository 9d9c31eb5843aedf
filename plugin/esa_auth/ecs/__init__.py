"""Joined facts -> ECS documents."""

from esa_auth.ecs.dead_letter import dead_letter
from esa_auth.ecs.events import (
    is_ambiguous,
    notice_event,
    result_event,
    session_end_event,
)

__all__ = [
    "dead_letter",
    "is_ambiguous",
    "notice_event",
    "result_event",
    "session_end_event",
]

"""Joined facts -> ECS documents."""

from esa_auth.ecs.admin import admin_event, is_ambiguous_admin
from esa_auth.ecs.dead_letter import dead_letter
from esa_auth.ecs.events import (
    is_ambiguous,
    notice_event,
    result_event,
    session_end_event,
)

__all__ = [
    "admin_event",
    "dead_letter",
    "is_ambiguous",
    "is_ambiguous_admin",
    "notice_event",
    "result_event",
    "session_end_event",
]

"""Joined facts -> ECS documents."""

from esa_auth.ecs.admin import admin_event
from esa_auth.ecs.dead_letter import dead_letter
from esa_auth.ecs.events import notice_event, result_event
from esa_auth.ecs.session import session_end_event, session_progress_event

__all__ = [
    "admin_event",
    "dead_letter",
    "notice_event",
    "result_event",
    "session_end_event",
    "session_progress_event",
]

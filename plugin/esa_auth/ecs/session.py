"""What a session did, as an event: at its end, and while it is open."""

from itertools import islice
from typing import Any

from esa_auth.ecs.events import base_document, user_part
from esa_auth.model.document import Document
from esa_auth.model.facts import Instant, Side
from esa_auth.model.session import Session, Source, Summary

_CATEGORY = ["authentication", "session"]


def session_end_event(
    session: Session, source: Source, sequence: int, *, closed: bool
) -> Document:
    """Return the summary of a session that saw AUTH; ``closed`` if a line ended it."""
    document = base_document(["end"], "smtp-session-end", source, session, sequence)
    event = document.own
    about, own = event["event"], event["cisco_esa"]
    about["category"] = _CATEGORY
    start, end = session.start, source.instant
    about["start"], about["end"] = start.iso, end.iso
    about["duration"] = nanoseconds(start, end)
    own["session"] = {**own["session"], "closed": closed}
    own["summary"] = _summary(session.side, session, len(session.users))
    if session.users:
        event["related"] = {**event["related"], "user": list(session.users)}
    # Of two that have its number, the one that ended may be the other.
    if session.last_success and not session.disowned:
        event["user"] = user_part(session.last_success)
    return document


def session_progress_event(
    session: Session,
    summary: Summary,
    user: str | None,
    source: Source,
    sequence: int,
) -> Document:
    """Return what an open session had done when ``source`` was written.

    ``user`` is the last who had got in. The line is not shown: it is about
    mail, and its senders and remote replies have nothing to do with a login.
    """
    document = base_document(
        ["info"], "smtp-session-progress", source, session, sequence
    )
    event = document.own
    about = event["event"]
    about["category"] = _CATEGORY
    about["start"] = session.start.iso
    about["duration"] = nanoseconds(session.start, source.instant)
    event["cisco_esa"]["summary"] = _summary(session.side, summary, summary.users)
    # Of an event that waited: without the names that came after its line.
    if names := list(islice(session.users, summary.users)):
        event["related"] = {**event["related"], "user": names}
    if user and not session.disowned:
        event["user"] = user_part(user)
    return document


def nanoseconds(start: Instant, end: Instant) -> int:
    """Return how long it took in the unit that ECS wants, never less than 0."""
    seconds, millis = end.epoch - start.epoch, 0
    if end.iso[-4:] != start.iso[-4:]:
        millis = int(end.iso[-4:-1]) - int(start.iso[-4:-1])
    return max(0, seconds * 1000 + millis) * 1_000_000


def _summary(side: Side, counts: Session | Summary, users: int) -> dict[str, Any]:
    if side == "icid":
        return {
            "attempts": counts.attempts,
            "failures": counts.failures,
            "users": users,
            "messages": counts.messages,
            "recipients": counts.recipients,
        }
    summary: dict[str, Any] = {
        "attempts": counts.attempts,
        "failures": counts.failures,
        "delivered": counts.delivered,
        "bounced": counts.bounced,
        "delayed": counts.delayed,
        "connection_errors": counts.connection_errors,
    }
    if counts.bounce:
        code, text = counts.bounce
        reply = {"code": code, "text": text}
        summary["bounce"] = {k: v for k, v in reply.items() if v}
    return summary

"""When it is due to report what an open session has done so far.

By its counts and by the times of its lines alone: a replay reports at the same lines.
"""

from typing import NamedTuple

from esa_auth.model.session import Session


class ReportEvery(NamedTuple):
    """What an open session is reported after, again and again; None: not for that.

    ``recipients`` are those that a client's messages were accepted for or, of a session
    at another server, those that it took or refused for good; ``seconds`` are of the
    log.
    """

    recipients: int | None = None
    seconds: int | None = None


NO_REPORTS = ReportEvery()


def is_due(session: Session, now: int, every: ReportEvery) -> bool:
    """Return whether to report ``session`` at a line of ``now``, and note it if so."""
    if not session.attempts:
        # Its end is not told either.
        return False
    handled = session.recipients + session.delivered + session.bounced
    before = session.reported_at or session.start.epoch
    # A clock may be set back; see `sessions.table`.
    due = (
        every.recipients is not None and handled - session.reported >= every.recipients
    ) or (every.seconds is not None and abs(now - before) >= every.seconds)
    if due:
        session.reported, session.reported_at = handled, now
    return due

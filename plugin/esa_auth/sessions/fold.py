"""What a fact changes in a session."""

from esa_auth.model.facts import (
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    Fact,
    HatDecision,
    InboundAddress,
    InboundOpened,
    InboundResult,
    OutboundOpened,
    OutboundResult,
    Tls,
    Unread,
)
from esa_auth.model.session import MAX_USER_LETTERS, MAX_USERS, Session

# Made once: `A | B` in a condition is made at each call of it.
_OPENINGS = (InboundOpened, OutboundOpened)


def fold_context(session: Session, fact: Fact | Unread) -> None:
    """Take what ``fact`` says of how the connection was opened and admitted."""
    if isinstance(fact, _OPENINGS):
        session.opening = fact
    elif isinstance(fact, HatDecision):
        if session.hat is None or fact.action:
            session.hat = fact
    elif isinstance(fact, Tls):
        session.tls = _known_of_tls(session.tls, fact)
    elif isinstance(fact, InboundAddress):
        session.address = fact.address
    elif isinstance(fact, Unread) and fact.auth_like:
        # It was kept because it begins like a line on TLS.
        some = Tls(session.side, session.number, None)
        session.tls = _known_of_tls(session.tls, some)


def _known_of_tls(before: Tls | None, fact: Tls) -> Tls:
    """Return what two lines say together.

    A failure after a success is the end of the connection (seen in 2023), not
    cleartext; after a line that is not understood it says nothing of that line.
    """
    if before is None or fact.established:
        return fact
    return fact if before.established is False else before


def fold_result(session: Session, fact: InboundResult | OutboundResult) -> None:
    """Count one attempt."""
    session.attempts += 1
    if fact.outcome == "failure":
        session.failures += 1
    if isinstance(fact, OutboundResult):
        # The line names the server itself; the session's end is to name it too.
        if session.opening is None and session.address is None:
            session.address = fact.address
    elif fact.user:
        users, name = session.users, fact.user
        letters = sum(map(len, users)) + len(name)
        if len(users) < MAX_USERS and letters <= MAX_USER_LETTERS:
            users[name] = None
        if fact.outcome == "success":
            session.last_success = fact.user


def fold_delivery(session: Session, fact: Fact) -> None:
    """Count what became of the messages of an outbound session."""
    match fact:
        case Delivered():
            session.delivered += fact.recipients
        case Bounced():
            session.bounced += 1
            session.bounce = session.bounce or (fact.code, fact.reason)
        case Delayed():
            session.delayed += 1
        case ConnectionFailed():
            session.connection_errors += 1
        case _:
            pass

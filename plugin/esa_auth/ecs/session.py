"""What every event of a session says of it. Not kept: the next one is another's."""

from typing import Any

from esa_auth.ecs.context import inbound_context, outbound_context
from esa_auth.model.document import Context
from esa_auth.model.facts import InboundOpened, OutboundOpened
from esa_auth.model.session import Observer, Session


def context_of(session: Session, observer: Observer) -> Context:
    """Return the context that ``session`` has in common with others."""
    opening, tls = session.opening, session.tls
    address = None if opening else session.address
    if session.side == "icid":
        client = opening if isinstance(opening, InboundOpened) else None
        return inbound_context(observer, client, address, session.hat, tls)
    server = opening if isinstance(opening, OutboundOpened) else None
    return outbound_context(observer, server, address, tls)


def own_of(session: Session, observer: Observer, context: Context) -> dict[str, Any]:
    """Return what ``cisco_esa`` says of ``session``."""
    number = session.number if session.side == "icid" else f"D{session.number}"
    opened = session.start.iso[:19].replace("-", "").replace(":", "")
    return {
        session.side: int(session.number),
        "session": {
            "id": f"{observer.name}:{number}:{opened}Z",
            "context": session.context,
        },
        **context.own,
    }

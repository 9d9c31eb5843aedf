"""What all events of a session share: its context, and what it is called."""

from collections import deque

from esa_auth.document import View
from esa_auth.ecs.context import inbound_context, outbound_context
from esa_auth.facts import InboundOpened, OutboundOpened
from esa_auth.joined import Observer, Session

# The sessions that have a view, the latest last.
_VIEWED: deque[Session] = deque(maxlen=512)


def view_of(session: Session, observer: Observer) -> View:
    """Return what all events of ``session`` share. Not to be changed."""
    view = session.view
    if view is None:
        view = session.view = _view(session, observer)
        # A view has ten times the size of what it was made from.
        if len(_VIEWED) == _VIEWED.maxlen:
            _VIEWED[0].view = None
        _VIEWED.append(session)
    return view


def _view(session: Session, observer: Observer) -> View:
    opening, tls, address = session.opening, session.tls, session.address
    if session.side == "icid":
        client = opening if isinstance(opening, InboundOpened) else None
        if client:
            address = None
        context = inbound_context(observer, client, address, session.hat, tls)
        number = session.number
    else:
        server = opening if isinstance(opening, OutboundOpened) else None
        context = outbound_context(observer, server, None if server else address, tls)
        number = f"D{session.number}"
    seen = session.context
    opened = session.start.iso[:19].replace("-", "").replace(":", "")
    own = {
        session.side: int(session.number),
        "session": {"id": f"{observer.name}:{number}:{opened}Z", "context": seen},
        **context.own,
    }
    return View(context, own, seen == "missing")

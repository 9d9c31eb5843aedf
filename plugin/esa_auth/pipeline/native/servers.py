"""What native code asks of sessions at other servers."""

from collections.abc import Callable
from typing import Any

from esa_auth import grammar
from esa_auth.ecs.context import ip_of
from esa_auth.ecs.inbound import SOURCE
from esa_auth.ecs.outbound import Bounce, KnownOfServer
from esa_auth.model.facts import OutboundOpened, OutboundResult, Tls, Unread
from esa_auth.model.session import Observer, Session
from esa_auth.pipeline.appliance import instant_at, read_context

_ADDRESS = "198.51.100.7"
_OPENED = "New SMTP DCID 0 interface {} address {}{}"
_RESULT = "DCID: 0 IP: {} SMTP authentication using the profile {}"


class ServerEvents:
    """Answers native code; ``fragment`` gives what stands for a fragment there."""

    def __init__(self, fragment: Callable[[str, Any], Any]) -> None:
        self.fragment = fragment
        # By the number that stands for each in native code.
        self.observers: dict[int, Observer] = {}

    def egress(
        self, observer: int, interface: bytes, port: bytes
    ) -> tuple[Any, bytes] | None:
        """Return what an opening line says besides the server, and its own address.

        ``port`` is what stands behind the server.
        """
        text = _OPENED.format(interface.decode(), _ADDRESS, port.decode())
        fact, by = grammar.read(text), self.observers.get(observer)
        if by is None or not isinstance(fact, OutboundOpened):
            return None
        own = ip_of(fact.interface)
        if own is None or fact.address != _ADDRESS:
            return None
        key = (by, fact.interface, fact.port)
        return self.fragment("egress", key), own.encode()

    def server_tls(self, lines: bytes) -> Any:
        """Return what lines say of TLS, or None if it is more than that.

        Each ends with a newline, and lacks what stands before the number and it.
        """
        session = Session("dcid", "0", instant_at(0))
        for line in lines.split(b"\n")[:-1]:
            fact = read_context(b"DCID 0 " + line)
            if not isinstance(fact, Tls):
                return None
            session.fold(fact)
        return self.fragment("tls", session.tls)

    def reply(self, text: bytes) -> tuple[bool, Any] | None:
        """Return whether a server let the appliance in, and how an event says it.

        ``text`` is the profile and what follows it.
        """
        fact = grammar.read(_RESULT.format(_ADDRESS, text.decode()))
        if not isinstance(fact, OutboundResult):
            return None
        key = (fact.profile, fact.code, fact.reason)
        return fact.outcome == "success", self.fragment("reply", key)

    def delivered(self, like: bytes) -> tuple[int, int, int, int, Any] | None:
        """Return what a line adds to the counts of a session, and the bounce it tells.

        ``like`` says the same of other numbers. The counts are of recipients, bounces,
        delays and errors.
        """
        fact = read_context(like)
        session = Session("dcid", "0", instant_at(0))
        if isinstance(fact, Unread):
            return None
        session.fold_delivery(fact)
        if vars(session).get("delivered") == 0:
            # It is saved that there was a line, which counts as none do.
            return None
        bounce = self.bounce(session.bounce) if session.bounce else None
        return (
            session.delivered,
            session.bounced,
            session.delayed,
            session.connection_errors,
            bounce,
        )

    def bounce(self, bounce: Bounce | None) -> Any:
        """Return how the end of a session says its first bounce."""
        return self.fragment("bounce", bounce)


def known_of_server(family: str, key: Any) -> KnownOfServer:
    """Return facts of an event of a server that has this fragment."""
    if family == "egress":
        observer, interface, port = key
        return KnownOfServer(SOURCE._replace(observer=observer), interface, port)
    if family == "tls":
        return KnownOfServer(tls=key)
    if family == "reply":
        profile, code, reason = key
        return KnownOfServer(profile=profile, code=code, reason=reason)
    return KnownOfServer(bounce=key)

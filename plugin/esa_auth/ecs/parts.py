"""The ECS parts that a session's context gives, built once for all its events."""

import re
from ipaddress import ip_address
from typing import Any

from esa_auth.facts import HatDecision, InboundOpened, OutboundOpened, Tls
from esa_auth.joined import Observer, Session

# OpenSSL's cipher description "TLSv1/SSLv3" is no protocol version and is left out.
_TLS_VERSION = re.compile(r"(TLS|SSL)v([0-9](?:\.[0-9])?)")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_MAX_SCORE = 10
_SCORE = re.compile(r"-?[0-9]{1,2}(?:\.[0-9]{1,2})?")


def ip_of(address: str | None) -> str | None:
    """Return ``address`` as a normal IP address, or None if it is none."""
    if address is None:
        return None
    if _IPV4.fullmatch(address):
        return address
    try:
        return str(ip_address(address.strip("[]").partition("%")[0]))
    except ValueError:
        return None


def endpoint(address: str | None, port: int | None = None) -> dict[str, Any] | None:
    """Return ``address``, and ``ip`` if it is one, as source and destination take."""
    if not address:
        return None
    part: dict[str, Any] = {"address": address}
    if ip := ip_of(address):
        part["ip"] = ip
    if port is not None:
        part["port"] = port
    return part


def inbound_view(session: Session, observer: Observer) -> dict[str, Any]:
    """Parts of an inbound session: the client is the source."""
    opening = session.opening if isinstance(session.opening, InboundOpened) else None
    client = opening.address if opening else session.address
    source = endpoint(client)
    server = endpoint(opening.interface_ip) if opening else None
    view = _view(session, observer, source, server)
    if opening:
        view["observer"]["ingress"] = {"interface": {"alias": opening.interface}}
        _reverse_dns(view, opening, source)
    if session.hat is not None:
        _policy(view, session.hat)
    return view


def outbound_view(session: Session, observer: Observer) -> dict[str, Any]:
    """Parts of an outbound session: the appliance is the source."""
    opening = session.opening if isinstance(session.opening, OutboundOpened) else None
    source = server = None
    if opening:
        server = endpoint(opening.address, opening.port)
        source = endpoint(opening.interface) if ip_of(opening.interface) else None
    elif session.address:
        server = endpoint(session.address)
    view = _view(session, observer, source, server)
    if opening and source is None:
        view["observer"]["egress"] = {"interface": {"alias": opening.interface}}
    return view


def observer_part(observer: Observer) -> dict[str, Any]:
    """Return ``observer.*`` for an appliance."""
    part: dict[str, Any] = {
        "vendor": "Cisco",
        "product": "Secure Email Gateway",
        "type": "email-gateway",
        "name": observer.name,
        "hostname": observer.name,
    }
    if observer.version:
        part["version"] = observer.version
    if observer.serial:
        part["serial_number"] = observer.serial
    return part


def _view(
    session: Session,
    observer: Observer,
    source: dict[str, Any] | None,
    server: dict[str, Any] | None,
) -> dict[str, Any]:
    inbound = session.side == "icid"
    network = {"protocol": "smtp", "transport": "tcp"}
    network["direction"] = "ingress" if inbound else "egress"
    view: dict[str, Any] = {"network": network, "observer": observer_part(observer)}
    addresses = [p["ip"] for p in (source, server) if p and "ip" in p]
    peer = source if inbound else server
    if peer and "ip" in peer:
        network["type"] = "ipv6" if ":" in peer["ip"] else "ipv4"
    if source:
        view["source"] = source
        view["client"] = source
    if server:
        view["destination"] = server
        view["server"] = server
    own = server if inbound else source
    if own and "ip" in own:
        view["observer"]["ip"] = [own["ip"]]
    view["related"] = {"hosts": [observer.name]}
    if addresses:
        view["related"]["ip"] = list(dict.fromkeys(addresses))
    if (tls := _tls(session)) is not None:
        view["tls"] = tls
    view["cisco_esa"] = {
        session.side: int(session.number),
        "session": {"id": _session_id(session, observer), "context": session.context},
    }
    if session.context == "missing":
        view["tags"] = ["esa_no_session_context"]
    return view


def _session_id(session: Session, observer: Observer) -> str:
    opened = session.start.iso[:19].replace("-", "").replace(":", "") + "Z"
    number = session.number if session.side == "icid" else f"D{session.number}"
    return f"{observer.name}:{number}:{opened}"


def _tls(session: Session) -> dict[str, Any] | None:
    seen: Tls | None = session.tls
    if seen is None:
        # Cleartext is an inference, allowed only when the opening line was seen.
        return None if session.opening is None else {"established": False}
    if not seen.established and session.opening is None:
        # It may be the end of a connection whose success was not seen either.
        return None
    part: dict[str, Any] = {"established": seen.established}
    if seen.protocol and (match := _TLS_VERSION.fullmatch(seen.protocol)):
        part["version_protocol"] = match[1].lower()
        part["version"] = match[2] if "." in match[2] else f"{match[2]}.0"
    if seen.cipher:
        part["cipher"] = seen.cipher
    return part


def _reverse_dns(
    view: dict[str, Any], opening: InboundOpened, source: dict[str, Any] | None
) -> None:
    if opening.verified is None:
        return
    view["cisco_esa"]["reverse_dns"] = {"verified": opening.verified}
    if opening.reverse_dns is None:
        return
    view["cisco_esa"]["reverse_dns"]["name"] = opening.reverse_dns
    if opening.verified and source is not None:
        source["domain"] = opening.reverse_dns
        known = view["related"]["hosts"]
        view["related"]["hosts"] = [*dict.fromkeys([*known, opening.reverse_dns])]


def _policy(view: dict[str, Any], hat: HatDecision) -> None:
    policy: dict[str, Any] = {}
    if hat.action:
        policy["action"] = hat.action
    if hat.sender_group:
        policy["sender_group"] = hat.sender_group
        view["rule"] = {"name": hat.sender_group, "ruleset": "HAT"}
    if hat.match:
        policy["match"] = hat.match
    score = float(hat.sbrs) if hat.sbrs and _SCORE.fullmatch(hat.sbrs) else None
    if score is not None and abs(score) <= _MAX_SCORE:
        policy["sbrs"] = score
    elif hat.sbrs == "None":
        policy["sbrs"] = None
    elif hat.sbrs:
        policy["sbrs_text"] = hat.sbrs
    if hat.country:
        policy["country"] = hat.country
    view["cisco_esa"]["policy"] = policy

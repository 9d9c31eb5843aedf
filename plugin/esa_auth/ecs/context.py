"""The ECS parts that a session's context gives, built once for all who share it."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from esa_auth.model.document import Context
from esa_auth.model.facts import HatDecision, InboundOpened, OutboundOpened, Tls
from esa_auth.model.session import Observer

ECS_VERSION = "9.4.0"

# A context takes some 3 kB.
_CONTEXTS = 1024
# OpenSSL's cipher description "TLSv1/SSLv3" is no protocol version and is left out.
_TLS_VERSION = re.compile(r"(TLS|SSL)v([0-9](?:\.[0-9])?)")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_MAX_SCORE = 10
_SCORE = re.compile(r"-?[0-9]{1,2}(?:\.[0-9]{1,2})?")


def ip_of(address: str | None) -> str | None:
    """Return ``address`` as a normal IP address, or None if it is not one.

    An IPv4 address in the form of IPv6 is one of IPv4, as detections look for it.
    """
    if address is None:
        return None
    if _IPV4.fullmatch(address):
        return address
    try:
        found = ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


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


@lru_cache(_CONTEXTS)
def inbound_context(
    observer: Observer,
    opening: InboundOpened | None = None,
    address: str | None = None,
    hat: HatDecision | None = None,
    tls: Tls | None = None,
) -> Context:
    """Return the context of a client's connection: the client is the source.

    ``address`` is the client's where the opening line was not seen.
    """
    source = endpoint(opening.address if opening else address)
    server = endpoint(opening.interface_ip) if opening else None
    context = _context(observer, source, server, inbound=True)
    parts = context.parts
    if opening:
        parts["observer"]["ingress"] = {"interface": {"alias": opening.interface}}
        _reverse_dns(context, opening, source)
    if hat is not None:
        context.own["policy"] = _policy(hat)
        if hat.sender_group:
            parts["rule"] = {"name": hat.sender_group, "ruleset": "HAT"}
    if (seen := _tls(tls, opened=opening is not None)) is not None:
        parts["tls"] = seen
    return context


@lru_cache(_CONTEXTS)
def outbound_context(
    observer: Observer,
    opening: OutboundOpened | None = None,
    address: str | None = None,
    tls: Tls | None = None,
) -> Context:
    """Return the context of a connection to a server: the appliance is the source.

    ``address`` is the server's where the opening line was not seen.
    """
    source = None
    server = endpoint(address)
    if opening:
        server = endpoint(opening.address, opening.port)
        source = endpoint(opening.interface) if ip_of(opening.interface) else None
    context = _context(observer, source, server, inbound=False)
    if opening and source is None:
        alias = {"alias": opening.interface}
        context.parts["observer"]["egress"] = {"interface": alias}
    if (seen := _tls(tls, opened=opening is not None)) is not None:
        context.parts["tls"] = seen
    return context


def _context(
    observer: Observer,
    source: dict[str, Any] | None,
    server: dict[str, Any] | None,
    *,
    inbound: bool,
) -> Context:
    network = {"protocol": "smtp", "transport": "tcp"}
    network["direction"] = "ingress" if inbound else "egress"
    told = _observer(observer)
    parts: dict[str, Any] = {
        "ecs": {"version": ECS_VERSION},
        "network": network,
        "observer": told,
    }
    peer, own = (source, server) if inbound else (server, source)
    if peer and "ip" in peer:
        network["type"] = "ipv6" if ":" in peer["ip"] else "ipv4"
    if source:
        parts["source"] = parts["client"] = source
    if server:
        parts["destination"] = parts["server"] = server
    if own and "ip" in own:
        told["ip"] = [own["ip"]]
    related: dict[str, Any] = {"hosts": [observer.name]}
    if addresses := [p["ip"] for p in (source, server) if p and "ip" in p]:
        related["ip"] = list(dict.fromkeys(addresses))
    return Context(parts, related, {})


def _observer(observer: Observer) -> dict[str, Any]:
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


def _tls(seen: Tls | None, *, opened: bool) -> dict[str, Any] | None:
    if seen is None:
        # Cleartext is an inference, allowed only when the opening line was seen.
        return {"established": False} if opened else None
    if seen.established is None or (not seen.established and not opened):
        # The latter may end a connection whose success was not seen either.
        return None
    part: dict[str, Any] = {"established": seen.established}
    if seen.protocol and (match := _TLS_VERSION.fullmatch(seen.protocol)):
        part["version_protocol"] = match[1].lower()
        part["version"] = match[2] if "." in match[2] else f"{match[2]}.0"
    if seen.cipher:
        part["cipher"] = seen.cipher
    return part


def _reverse_dns(
    context: Context, opening: InboundOpened, source: dict[str, Any] | None
) -> None:
    if opening.verified is None:
        return
    own = context.own["reverse_dns"] = {"verified": opening.verified}
    if opening.reverse_dns is None:
        return
    context.own["reverse_dns"] = {**own, "name": opening.reverse_dns}
    if opening.verified and source is not None:
        source["domain"] = opening.reverse_dns
        known = context.related["hosts"]
        context.related["hosts"] = [*dict.fromkeys([*known, opening.reverse_dns])]


def _policy(hat: HatDecision) -> dict[str, Any]:
    policy: dict[str, Any] = {}
    if hat.action:
        policy["action"] = hat.action
    if hat.sender_group:
        policy["sender_group"] = hat.sender_group
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
    return policy

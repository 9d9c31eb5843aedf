"""Logins to the appliance itself, and their ends, -> ECS events. No session joins them.

A login is `start`, as ECS has it for `authentication`; its end is `end`, which is of
the session too.
"""

from functools import lru_cache
from typing import Any

from esa_auth.ecs.context import endpoint, inbound_context
from esa_auth.ecs.events import base_document, user_part
from esa_auth.model.document import Context, Document
from esa_auth.model.facts import AdminLogin, AdminLogout, masked
from esa_auth.model.session import Observer, Source

_CONTEXTS = 1024
_UNKNOWN = "unknown"
_PROTOCOLS = {"HTTPS": "https", "HTTP": "http", "SSH": "ssh"}
# One may sit at the console of the appliance, too.
_OVER_TCP = frozenset({*_PROTOCOLS, "GUI", "API", "Spam Quarantine"})
# AsyncOS' own names of the logs, for lines that do not say theirs.
_LOGS = (
    ("ADMIN_AUDIT_", "audit_logs"),
    ("ADMIN_GUI_", "gui_logs"),
    ("ADMIN_CLI_", "cli_logs"),
    ("ADMIN_API_", "api"),
    ("ADMIN_", "authentication"),
)


def admin_event(fact: AdminLogin | AdminLogout, source: Source) -> Document:
    """Return the event of a login with its outcome, or of the end of one, without."""
    ends = _ends(source.observer, fact.address, fact.server, fact.interface)
    if isinstance(fact, AdminLogin):
        document = base_document(["start"], "admin-login", source, context=ends)
        about = document.own["event"]
        about["outcome"] = fact.outcome
    else:
        document = base_document(["end"], "admin-logout", source, context=ends)
        about = document.own["event"]
        about["category"] = ["authentication", "session"]
    about["code"] = fact.code
    if source.program is None:
        about["provider"] = next(log for key, log in _LOGS if fact.code.startswith(key))
    if fact.reason:
        about["reason"] = fact.reason
    if said := _said(fact):
        document.own["cisco_esa"]["admin"] = said
    _add_user(document.own, fact)
    return document


def _said(fact: AdminLogin | AdminLogout) -> dict[str, str]:
    said = {"interface": fact.interface}
    if isinstance(fact, AdminLogin):
        said |= {"privilege": fact.privilege, "method": fact.method}
    return {key: value for key, value in said.items() if value}


@lru_cache(_CONTEXTS)
def _ends(
    observer: Observer, address: str | None, own: str | None, interface: str | None
) -> Context:
    """Return both ends of the login: its client is the source, as of a connection."""
    client, server = endpoint(address), endpoint(own)
    over_tcp = client is not None or interface in _OVER_TCP
    network = {
        "protocol": _PROTOCOLS.get(interface or "", _UNKNOWN),
        "transport": "tcp" if over_tcp else _UNKNOWN,
        "direction": "ingress",
    }
    told = inbound_context(observer)
    parts = {**told.parts, "network": network}
    if client:
        parts["source"] = parts["client"] = client
        if ip := client.get("ip"):
            network["type"] = "ipv6" if ":" in ip else "ipv4"
    if server:
        parts["destination"] = parts["server"] = server
        if "ip" in server:
            parts["observer"] = {**parts["observer"], "ip": [server["ip"]]}
    related = {**told.related}
    ips = [end["ip"] for end in (client, server) if end and "ip" in end]
    if ips:
        related["ip"] = list(dict.fromkeys(ips))
    return Context(parts, related, {})


def _add_user(event: dict[str, Any], fact: AdminLogin | AdminLogout) -> None:
    name, flags = fact.user, []
    if name and masked(name):
        flags.append("masked_user")
    elif name:
        event["user"] = user_part(name)
        event["related"] = {**event["related"], "user": [name]}
    elif name is not None:
        flags.append("empty_user")
    if fact.code == "ADMIN_NOT_AUTHENTICATED" and fact.address:
        # Where AsyncOS writes no address here, the name itself was "x from 192.0.2.9".
        flags.append("ambiguous_address")
    if flags:
        own = event["cisco_esa"]
        own["flags"] = [*own.get("flags", ()), *flags]

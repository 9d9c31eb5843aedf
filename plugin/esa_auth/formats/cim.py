"""ECS -> one flat record with the names of Splunk's CIM, model Authentication.

Names and values are those that the add-on in `conf/splunk` gives at search time.
What CIM has no name for keeps its ECS name, so that searches for it stay the same.
"""

from typing import Any

_NAMES = {
    "network.protocol": "app",
    "source.ip": "src_ip",
    "source.domain": "src_host",
    "destination.ip": "dest_ip",
    "destination.port": "dest_port",
    "observer.hostname": "dvc",
    "cisco_esa.auth.mechanism": "authentication_method",
    "cisco_esa.auth.profile": "authentication_service",
    "cisco_esa.session.id": "session_id",
    "event.action": "signature",
    "event.code": "signature_id",
    "event.reason": "reason",
    "error.code": "reason_id",
}
# In `action`, `user`, `vendor_product`; of itself; copies and sums of other fields.
_TOLD = (
    *("event.outcome", "user.name", "observer.vendor", "observer.product"),
    *("@timestamp", "ecs", "client", "server", "observer.name"),
    *("related.ip", "related.hosts"),
)
_UNKNOWN = "unknown"


def cim_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return ``event`` as CIM has it; first the time, where Splunk looks for it."""
    observer, about = event["observer"], event["event"]
    record = {
        "@timestamp": event["@timestamp"],
        "user": event.get("user", {}).get("name", _UNKNOWN),
        "src": event.get("source", {}).get("ip", _UNKNOWN),
        "dest": _dest(event),
        "vendor_product": f"{observer['vendor']} {observer['product']}",
    }
    if action := _action(about):
        record["action"] = action
    _fill(record, event, _HOMES, "")
    return record


Homes = dict[str, "str | Homes | None"]


def _homes() -> Homes:
    """Return names as a tree like that of an event; None is left out."""
    tree: Homes = {}
    for name, home in [*_NAMES.items(), *((name, None) for name in _TOLD)]:
        *groups, last = name.split(".")
        place = tree
        for group in groups:
            # A group, never a home, which the type cannot say: no name of a field
            # begins another's.
            place = place.setdefault(group, {})  # type: ignore[assignment]
        place[last] = home
    return tree


_HOMES = _homes()
_NONE: Homes = {}


def _fill(
    record: dict[str, Any], tree: dict[str, Any], homes: Homes, prefix: str
) -> None:
    for key, value in tree.items():
        home = homes.get(key, _NONE)
        if home is None:
            continue
        name = prefix + key
        if isinstance(value, dict):
            inner = home if isinstance(home, dict) else _NONE
            _fill(record, value, inner, f"{name}.")
        else:
            record[home if isinstance(home, str) else name] = value


def _action(about: dict[str, Any]) -> str | None:
    if "outcome" in about:
        outcome: str = about["outcome"]
        return outcome
    return "error" if about["action"] == "smtp-auth-backend-error" else None


def _dest(event: dict[str, Any]) -> str:
    """A client logs in at the gateway; the gateway logs in at another server."""
    if event.get("network", {}).get("direction") != "egress":
        hostname: str = event["observer"]["hostname"]
        return hostname
    server = event.get("destination", {})
    address: str = server.get("ip") or server.get("address") or _UNKNOWN
    return address

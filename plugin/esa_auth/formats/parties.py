"""The parties of an OCSF event: user, both ends, the appliance; and observables."""

import re
from typing import Any

Json = dict[str, Any]

# What OCSF takes for its `email_t`.
_EMAIL = re.compile(r"[a-zA-Z0-9!#$%&'*+,\-./=?^_`{|}~]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+")
_HOSTNAME = {"type_id": 1, "type": "Hostname"}
_IP = {"type_id": 2, "type": "IP Address"}
_USER_NAME = {"type_id": 4, "type": "User Name"}
_EMAIL_ADDRESS = {"type_id": 5, "type": "Email Address"}
_OBSERVED_ENDS = (
    ("ip", "src_endpoint", "src_endpoint.ip", _IP),
    ("hostname", "src_endpoint", "src_endpoint.hostname", _HOSTNAME),
    ("ip", "dst_endpoint", "dst_endpoint.ip", _IP),
    ("hostname", "dst_endpoint", "dst_endpoint.hostname", _HOSTNAME),
)


def user_of(event: Json) -> Json:
    """Return who it was. A ``type_id`` says that the name is not one from the log."""
    if "user" not in event:
        profile = event["cisco_esa"].get("auth", {}).get("profile")
        if profile and _is_outbound(event):
            # The appliance logs in as what this profile of its own holds.
            return {"name": profile, "type_id": 3, "type": "System"}
        return {"name": "unknown", "type_id": 0, "type": "Unknown"}
    given = event["user"]
    user = {"name": given["name"]}
    if "domain" in given:
        user["domain"] = given["domain"]
    if _EMAIL.fullmatch(given.get("email", "")):
        user["email_addr"] = given["email"]
    return user


def _is_outbound(event: Json) -> bool:
    return bool(event.get("network", {}).get("direction") == "egress")


def ends_of(event: Json) -> Json:
    """Return both ends: a client logs in at the appliance, or this at a server."""
    observer = event["observer"]
    source = _endpoint(event.get("source", {}), observer.get("egress"))
    destination = _endpoint(event.get("destination", {}), observer.get("ingress"))
    (source if _is_outbound(event) else destination)["hostname"] = observer["hostname"]
    found: Json = {"dst_endpoint": destination}
    if source:
        found["src_endpoint"] = source
    protocol = event.get("network", {}).get("protocol", "unknown")
    if protocol != "unknown":
        destination["svc_name"] = protocol
    # A login of which neither is known may be one at the appliance's console.
    if source or protocol != "unknown":
        found["is_remote"] = True
    return found


def _endpoint(given: Json, interface: Json | None) -> Json:
    found = {}
    if "ip" in given:
        found["ip"] = given["ip"]
    elif "address" in given:
        found["name"] = given["address"]
    if "port" in given:
        found["port"] = given["port"]
    if "domain" in given:
        found["hostname"] = given["domain"]
    if interface:
        found["interface_name"] = interface["interface"]["alias"]
    return found


def device_of(observer: Json) -> Json:
    """Return the appliance, which OCSF has no kind of device for."""
    device = {
        "type_id": 99,
        "type": observer["type"],
        "name": observer["name"],
        "hostname": observer["hostname"],
    }
    if "ip" in observer:
        device["ip"] = observer["ip"][0]
    if "serial_number" in observer:
        device["hw_info"] = {"serial_number": observer["serial_number"]}
    return device


def observables_of(event: Json, record: Json) -> list[Json]:
    """Return names and addresses of ``record``, each with the attribute it is in."""
    user, found = record["user"], []
    if "user" in event:
        found.append({"name": "user.name", "value": user["name"], **_USER_NAME})
    if "email_addr" in user:
        email = user["email_addr"]
        found.append({"name": "user.email_addr", "value": email, **_EMAIL_ADDRESS})
    for key, end, name, kind in _OBSERVED_ENDS:
        if end in record and key in record[end]:
            found.append({"name": name, "value": record[end][key], **kind})
    # The end of a session has all names that were tried in it.
    found += (
        {"name": "unmapped.related.user", "value": name, **_USER_NAME}
        for name in event.get("related", {}).get("user", ())
        if name != user["name"]
    )
    return found

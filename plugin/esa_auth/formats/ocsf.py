"""ECS -> OCSF 1.8.0, class Authentication (3002), profiles datetime and host.

What the class has no attribute for stands in `unmapped` under its ECS name.
"""

import re
from datetime import datetime
from typing import Any

from esa_auth.formats.leftover import leftover, told

OCSF_VERSION = "1.8.0"

Json = dict[str, Any]

_LOGON, _LOGOFF, _OTHER = 1, 2, 99
_CLASS_UID = 3002
_CLASS = {
    "category_uid": 3,
    "category_name": "Identity & Access Management",
    "class_uid": _CLASS_UID,
    "class_name": "Authentication",
}
_ACTIVITIES = {_LOGON: "Logon", _LOGOFF: "Logoff", _OTHER: "Other"}
_STATUS = {"success": (1, "Success"), "failure": (2, "Failure")}
_INFORMATIONAL = (1, "Informational")
_SEVERITIES = {
    "warning": (3, "Medium"),
    "error": (4, "High"),
    "critical": (5, "Critical"),
    "alert": (5, "Critical"),
    "emergency": (6, "Fatal"),
}
# RFC 4616, and LOGIN, which has no RFC: the password as it is.
_CLEARTEXT = frozenset({"PLAIN", "LOGIN"})
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
# What has an attribute of its own; `client`, `server` and the sums in `related` are
# copies.
_TOLD = told(
    (
        *("@timestamp", "ecs", "message", "tags", "client", "server"),
        *("error.code", "error.message"),
        *("event.kind", "event.category", "event.type", "event.outcome"),
        *("event.module", "event.dataset", "event.id", "event.hash", "event.original"),
        *("event.sequence", "event.start", "event.end", "event.duration"),
        *("event.code", "event.reason", "event.provider"),
        *("user.name", "user.domain", "user.email", "network.protocol", "log.level"),
        *("source.ip", "source.address", "source.port", "source.domain"),
        *("destination.ip", "destination.address", "destination.port"),
        *("destination.domain", "related.ip", "related.hosts"),
        *("observer.vendor", "observer.product", "observer.version", "observer.type"),
        *("observer.name", "observer.hostname", "observer.serial_number"),
        *("observer.ip", "observer.ingress", "observer.egress"),
        *("cisco_esa.session.id", "cisco_esa.auth"),
    )
)


def ocsf_event(event: Json) -> Json:
    """Return ``event`` as an Authentication event, valid for OCSF 1.8.0."""
    about, own = event["event"], event["cisco_esa"]
    activity = _activity(event)
    severity = _SEVERITIES.get(event.get("log", {}).get("level"), _INFORMATIONAL)
    other = activity == _OTHER
    record: Json = {
        "time": _milliseconds(event["@timestamp"]),
        "time_dt": event["@timestamp"],
        **_CLASS,
        "activity_id": activity,
        "activity_name": about["action"] if other else _ACTIVITIES[activity],
        "type_uid": _CLASS_UID * 100 + activity,
        "type_name": f"Authentication: {_ACTIVITIES[activity]}",
        "severity_id": severity[0],
        "severity": severity[1],
        **_outcome(event),
        "metadata": _metadata(event),
        "user": _user(event),
        **_sides(event),
        "device": _device(event["observer"]),
    }
    if profile := own.get("auth", {}).get("profile"):
        record["service"] = {"name": profile}
    if session := own.get("session", {}).get("id"):
        record["session"] = {"uid": session}
    if activity == _LOGON:
        record |= _credentials(event)
    record |= _source(event)
    record["unmapped"] = _unmapped(event, record["user"])
    record["observables"] = _observables(event, record)
    return record


def _activity(event: Json) -> int:
    """Say what it was; a session in which nobody logged on has no log-off."""
    kind = event["event"]["type"][0]
    if kind == "start":
        return _LOGON
    if kind == "end":
        summary = event["cisco_esa"].get("summary")
        if summary is None or summary["attempts"] > summary["failures"]:
            return _LOGOFF
    return _OTHER


def _milliseconds(stamp: str) -> int:
    """Return ``2026-03-02T11:00:01.000Z`` in milliseconds since 1970."""
    seconds = int(datetime.fromisoformat(f"{stamp[:19]}+00:00").timestamp())
    return seconds * 1000 + int(stamp[20:23])


def _outcome(event: Json) -> Json:
    about, error = event["event"], event.get("error", {})
    found: Json = {}
    if "outcome" in about:
        found["status_id"], found["status"] = _STATUS[about["outcome"]]
    if "code" in error:
        found["status_code"] = error["code"]
    if detail := about.get("reason") or error.get("message"):
        found["status_detail"] = detail
    if "duration" in about:
        found["duration"] = about["duration"] // 1_000_000
    for name in ("start", "end"):
        if name in about:
            found[f"{name}_time"] = _milliseconds(about[name])
    return found


def _metadata(event: Json) -> Json:
    about, observer = event["event"], event["observer"]
    product = {"name": observer["product"], "vendor_name": observer["vendor"]}
    if "version" in observer:
        product["version"] = observer["version"]
    found: Json = {
        "version": OCSF_VERSION,
        "profiles": ["datetime", "host"],
        "product": product,
        "uid": about["id"],
        "log_name": about["provider"],
    }
    if "code" in about:
        found["event_code"] = about["code"]
    if "sequence" in about:
        found["sequence"] = about["sequence"]
    if level := event.get("log", {}).get("level"):
        found["log_level"] = level
    if "tags" in event:
        found["labels"] = event["tags"]
    return found


def _user(event: Json) -> Json:
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


def _sides(event: Json) -> Json:
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


def _device(observer: Json) -> Json:
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


def _credentials(event: Json) -> Json:
    """Return how they came; in clear text only where both halves of that are known."""
    mechanism = event["cisco_esa"].get("auth", {}).get("mechanism")
    found: Json = {}
    if mechanism:
        found = {"auth_protocol_id": 99, "auth_protocol": f"SASL {mechanism}"}
    encrypted = event.get("tls", {}).get("established")
    clear = encrypted is False and mechanism in _CLEARTEXT
    if encrypted or clear:
        found["is_cleartext"] = clear
    if event.get("network", {}).get("protocol") == "smtp":
        found["logon_type_id"] = 8 if clear else 3
        found["logon_type"] = "Network Cleartext" if clear else "Network"
    return found


def _source(event: Json) -> Json:
    """Return the line itself; the end of a session that no line closed has none."""
    if "original" not in event["event"]:
        return {}
    about = event["event"]
    found = {
        "raw_data": about["original"],
        "raw_data_hash": {
            "algorithm_id": 3,
            "algorithm": "SHA-256",
            "value": about["hash"],
        },
    }
    if "message" in event:
        found["message"] = event["message"]
    return found


def _unmapped(event: Json, user: Json) -> Json:
    """Return what has no attribute, and the second where there is room for one."""
    rest = leftover(event, _TOLD)
    email = event.get("user", {}).get("email")
    if email and "email_addr" not in user:
        rest.setdefault("user", {})["email"] = email
    if "reason" in event["event"] and "message" in event.get("error", {}):
        rest.setdefault("error", {})["message"] = event["error"]["message"]
    if len(own := event["observer"].get("ip", ())) > 1:
        rest.setdefault("observer", {})["ip"] = own
    return rest


def _observables(event: Json, record: Json) -> list[Json]:
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

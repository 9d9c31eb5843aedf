"""ECS -> OCSF 1.8.0, class Authentication (3002), profiles datetime and host.

What the class has no attribute for stands in `unmapped` under its ECS name.
"""

from datetime import datetime
from typing import Any

from esa_auth.formats.leftover import leftover, told
from esa_auth.formats.parties import device_of, ends_of, observables_of, user_of

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
        "user": user_of(event),
        **ends_of(event),
        "device": device_of(event["observer"]),
    }
    if profile := own.get("auth", {}).get("profile"):
        record["service"] = {"name": profile}
    if session := own.get("session", {}).get("id"):
        record["session"] = {"uid": session}
    if activity == _LOGON:
        record |= _credentials(event)
    record |= _source(event)
    record["unmapped"] = _unmapped(event, record["user"])
    record["observables"] = observables_of(event, record)
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

"""ECS events of the log records of OTLP/JSON, as the specification has them."""

from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

# From our names back to those of ECS; `tests/outputs/test_otlp.py` holds them against
# what Elastic publishes.
ATTRIBUTES = {
    "network.protocol.name": "network.protocol",
    "exception.message": "error.message",
    "log.record.uid": "event.id",
    "log.record.original": "event.original",
}


def records_of(request: Json) -> list[Json]:
    """Return the log records of a request in the form of OTLP/JSON."""
    return [
        record
        for of_resource in request.get("resourceLogs", [])
        for of_scope in of_resource["scopeLogs"]
        for record in of_scope["logRecords"]
    ]


def event_of(record: Json) -> Json:
    """Return the ECS event that a log record was made of."""
    nanoseconds = int(record["timeUnixNano"])
    stamp = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    milliseconds = nanoseconds // 10**6 % 1000
    event: Json = {"@timestamp": f"{stamp:%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"}
    flat = {a["key"]: plain(a.get("value", {})) for a in record["attributes"]}
    flat["event.action"] = record["eventName"]
    # The collector writes a body without a value where there was none.
    if record.get("body"):
        flat["message"] = plain(record["body"])
    if record.get("severityText"):
        flat["log.level"] = record["severityText"]
    for name, value in flat.items():
        *path, last = ATTRIBUTES.get(name, name).split(".")
        inner = event
        for key in path:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return event


def plain(value: Json) -> Any:
    """Return an AnyValue of OTLP/JSON as a value of Python."""
    match value:
        case {"stringValue": found} | {"boolValue": found}:
            return found
        case {"doubleValue": found}:
            return float(found)
        case {"intValue": found}:
            return int(found)
        case {"arrayValue": found}:
            return [plain(item) for item in found.get("values", [])]
        case {"kvlistValue": found}:
            pairs = found.get("values", [])
            return {pair["key"]: plain(pair["value"]) for pair in pairs}
    assert value == {}
    return None

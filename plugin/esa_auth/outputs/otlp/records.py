"""An event as a log record of OTLP, under the names of OpenTelemetry.

`NAMES` and `FIELDS` say what is called otherwise than in ECS: the column ``otel:`` of
the ECS 9.4.0 field list (npm package ``@elastic/ecs``), and for the id and the raw line
the semantic conventions of general log attributes. All other fields keep their ECS name
as a flat attribute. Nothing is left out: the record can be made an event again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from esa_auth import __version__

Json = dict[str, Any]

# ECS -> field of the log record.
FIELDS = {
    "@timestamp": "timeUnixNano",
    "message": "body",
    "log.level": "severityText",
    "event.action": "eventName",
}
# ECS -> attribute.
NAMES = {
    "network.protocol": "network.protocol.name",
    "error.message": "exception.message",
    "event.id": "log.record.uid",
    "event.original": "log.record.original",
}
# Appendix B of the OpenTelemetry logs data model, the row of syslog.
_SEVERITIES = {
    "debug": 5,
    "info": 9,
    "notice": 10,
    "warning": 13,
    "error": 17,
    "critical": 18,
    "alert": 19,
    "emergency": 21,
}


class LogRecord(NamedTuple):
    """A log record before it is encoded; times are nanoseconds since 1970."""

    time: int
    observed_time: int
    severity: int
    severity_text: str
    event_name: str
    body: str | None
    attributes: Json
    """Name -> a plain value: text, number, truth, None, or a list or map of them."""


def log_record(event: Json, observed_time: int) -> LogRecord:
    """Return an ECS event as a log record."""
    flat = dict(_leaves(event, ""))
    own = {name: flat.pop(name, None) for name in FIELDS}
    level = own["log.level"] or ""
    return LogRecord(
        _nanoseconds(own["@timestamp"]),
        observed_time,
        _SEVERITIES.get(level, 0),
        level,
        own["event.action"] or "",
        own["message"],
        {NAMES.get(name, name): value for name, value in flat.items()},
    )


def resource(service_name: str) -> Json:
    """Return the attributes of the resource: who made the records."""
    return {"service.name": service_name, "service.version": __version__}


def _leaves(node: Json, path: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        # An empty map is a value: a field that the event has and that holds nothing.
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


def _nanoseconds(stamp: str) -> int:
    seconds = int(datetime.fromisoformat(f"{stamp[:19]}+00:00").timestamp())
    # OTLP has an unsigned number here, and 0 for a time that is not known.
    return max(0, seconds * 1_000_000_000 + int(stamp[20:23]) * 1_000_000)


# ---- JSON ---------------------------------------------------------------------------


def json_record(record: LogRecord) -> Json:
    """Return a record as OTLP/JSON has it: 64 bit numbers are text there."""
    body = {} if record.body is None else {"body": {"stringValue": record.body}}
    return {
        "timeUnixNano": str(record.time),
        "observedTimeUnixNano": str(record.observed_time),
        "severityNumber": record.severity,
        "severityText": record.severity_text,
        "eventName": record.event_name,
        **body,
        "attributes": json_attributes(record.attributes),
    }


def json_attributes(attributes: Json) -> list[Json]:
    """Return attributes as a list of keys and typed values."""
    return [{"key": k, "value": _json_value(v)} for k, v in attributes.items()]


def _json_value(value: Any) -> Json:
    match value:
        case None:
            return {}
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_json_value(v) for v in value]}}
    return {"kvlistValue": {"values": json_attributes(value)}}


# ---- protobuf -----------------------------------------------------------------------


def protobuf_maker() -> Callable[[LogRecord], bytes]:
    """Return what makes the bytes of a message ``LogRecord`` of a record.

    Raises:
        ModuleNotFoundError: the package opentelemetry-proto is not there.
    """
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as Message

    def make(record: LogRecord) -> bytes:
        message = Message(
            time_unix_nano=record.time,
            observed_time_unix_nano=record.observed_time,
            severity_number=record.severity,  # type: ignore[arg-type]  # enum as int
            severity_text=record.severity_text,
            event_name=record.event_name,
        )
        if record.body is not None:
            message.body.string_value = record.body
        for key, value in record.attributes.items():
            attribute: KeyValue = message.attributes.add(key=key)
            attribute.value.SetInParent()
            _fill(attribute.value, value)
        packed: bytes = message.SerializeToString()
        return packed

    return make


def _fill(target: Any, value: Any) -> None:
    """Set ``target``, a message ``AnyValue`` of protobuf, to a plain value."""
    match value:
        case None:
            return
        case str():
            target.string_value = value
        case bool():
            target.bool_value = value
        case int():
            target.int_value = value
        case float():
            target.double_value = value
        case list():
            target.array_value.SetInParent()
            for item in value:
                _fill(target.array_value.values.add(), item)
        case _:
            target.kvlist_value.SetInParent()
            for key, item in value.items():
                _fill(target.kvlist_value.values.add(key=key).value, item)

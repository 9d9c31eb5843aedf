"""`--otlp`: every event arrives whole, as OpenTelemetry and Elastic name its fields."""

import gc
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
)
from tests.support.ecs_fields import published_fields
from tests.support.mutations import EVENTS
from tests.support.otlp_client import NOW, Client, Json, closing, each_encoding
from tests.support.otlp_receiver import Receiver
from tests.support.otlp_records import ATTRIBUTES

from esa_auth.outputs.otlp.records import NAMES, log_record
from esa_auth.outputs.otlp.requests import encoding

_closed = pytest.fixture(autouse=True)(closing)


@each_encoding
@pytest.mark.parametrize("gzip", [False, True])
def test_every_golden_event_arrives_whole(encoding: str, gzip: bool) -> None:
    with Receiver() as receiver:
        client = Client(receiver, encoding=encoding, gzip=gzip, max_batch_events=500)
        client.send(EVENTS)
        client.output.close()
    assert receiver.events == EVENTS
    for exchange in receiver.requests:
        assert exchange.path == "/v1/logs"
        (of_resource,) = exchange.request["resourceLogs"]
        found = {
            a["key"]: a["value"]["stringValue"]
            for a in of_resource["resource"]["attributes"]
        }
        assert found["service.name"] == "esa-auth"
        assert ("gzip" in exchange.headers.get("content-encoding", "")) == gzip


def test_both_encodings_are_one_message() -> None:
    """Protobuf's own reader of JSON refuses what it does not know."""
    bodies = {}
    for name in ("json", "protobuf"):
        found = encoding(name, "esa-auth")
        records = [found.record(log_record(event, NOW)) for event in EVENTS]
        bodies[name] = found.body(records)
    from_json = Parse(bodies["json"], ExportLogsServiceRequest())
    assert from_json == ExportLogsServiceRequest.FromString(bodies["protobuf"])
    assert len(from_json.resource_logs[0].scope_logs[0].log_records) == len(EVENTS)
    empty = Parse(encoding("json", "x").body([]), ExportLogsServiceRequest())
    assert empty == ExportLogsServiceRequest()
    assert encoding("protobuf", "x").body([]) == b""


@each_encoding
def test_a_record_is_what_opentelemetry_wants(encoding: str) -> None:
    event = next(e for e in EVENTS if e["event"]["action"] == "smtp-auth")
    with Receiver() as receiver:
        Client(receiver, encoding=encoding).send([event])
    (record,) = receiver.requests[0].records
    assert record["body"] == {"stringValue": event["message"]}
    assert record["severityNumber"] in (9, "SEVERITY_NUMBER_INFO")
    assert record["severityText"] == "info"
    assert record["eventName"] == "smtp-auth"
    assert record["observedTimeUnixNano"] == str(NOW)
    attributes = {a["key"]: a["value"] for a in record["attributes"]}
    assert attributes["log.record.uid"] == {"stringValue": event["event"]["id"]}
    original = {"stringValue": event["event"]["original"]}
    assert attributes["log.record.original"] == original
    assert attributes["event.type"] == {
        "arrayValue": {"values": [{"stringValue": "start"}]}
    }
    assert not {"@timestamp", "message", "event.id", "log.level"} & attributes.keys()


def test_names_are_those_that_elastic_publishes(tmp_path: Path) -> None:
    """The column ``otel`` of ECS 9.4.0 decides how a field of ours is called."""
    fields = published_fields(tmp_path)
    into = {
        "time_unix_nano": "timeUnixNano",
        "body": "body",
        "severity_text": "severityText",
    }
    for event in EVENTS:
        record = log_record(event, NOW)
        for name in leaves(event):
            rows = (fields.get(name) or {}).get("otel") or []
            relations = {row["relation"] for row in rows}
            if "otlp" in relations:
                assert rows[0]["otlp_field"] in into
                assert name not in record.attributes
            elif "equivalent" in relations:
                (row,) = rows
                assert row["attribute"] in record.attributes
                assert ATTRIBUTES[row["attribute"]] == name
            elif name == "event.action":
                assert record.event_name == event["event"]["action"]
            else:
                assert relations <= {"match", "na"}
                assert NAMES.get(name, name) in record.attributes
                assert name in NAMES or name in record.attributes
    # And nothing is called otherwise that the table does not call so; two are of the
    # semantic conventions of log attributes.
    published = {
        name
        for name, field in fields.items()
        for row in field.get("otel") or []
        if row["relation"] == "equivalent"
    }
    assert NAMES.keys() - published == {"event.id", "event.original"}


def leaves(node: Json, path: str = "") -> list[str]:
    found: list[str] = []
    for key, value in node.items():
        if isinstance(value, dict) and value:
            found += leaves(value, f"{path}{key}.")
        else:
            found.append(path + key)
    return found


@pytest.mark.parametrize(
    ("level", "number"),
    [("info", 9), ("warning", 13), ("error", 17), ("critical", 18), ("emergency", 21)],
)
def test_severities_are_those_of_syslog(level: str, number: int) -> None:
    event = {**EVENTS[0], "log": {"level": level}}
    assert log_record(event, NOW).severity == number


def test_sending_leaves_no_reference_cycles() -> None:
    """The commands run without the collector of cycles."""
    with Receiver() as receiver:
        client = Client(receiver)
        client.send(EVENTS[:1])
        receiver.on_store = lambda events: None
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                receiver.requests.clear()
                client.send(EVENTS[:1])
            assert gc.collect() < 2000
        finally:
            gc.enable()

"""`--otlp`: every event arrives, or is a dead letter, whatever the receiver does."""

import gc
import ssl
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
)
from tests.support import otlp_receiver as receivers
from tests.support.ecs_fields import published_fields
from tests.support.mutations import EVENTS
from tests.support.otlp_receiver import (
    ATTRIBUTES,
    Behaviour,
    Exchange,
    Receiver,
    take,
)
from tests.support.secret_files import write_secret

from esa_auth.config import load
from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.outputs.otlp import Item, OtlpOutput, packer
from esa_auth.outputs.otlp.records import NAMES, log_record
from esa_auth.outputs.otlp.requests import encoding
from esa_auth.outputs.otlp.settings import OtlpSettings
from esa_auth.outputs.tls import TlsSettings
from esa_auth.retry import Timing

Json = dict[str, Any]
NOW = 1_700_000_000_123_456_789
each_encoding = pytest.mark.parametrize("encoding", ["json", "protobuf"])


class Client:
    """An output for a receiver, with delays that tests can bear."""

    made: ClassVar[list["Client"]] = []

    def __init__(
        self,
        receiver: Receiver,
        stop: Callable[[], bool] = lambda: False,
        asleep: Callable[[], None] = lambda: None,
        **changes: Any,
    ) -> None:
        self._asleep = asleep
        self.slept: list[float] = []
        self.poison: list[tuple[str, str]] = []
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": receiver.port,
            "first_delay": 0.001,
            "max_delay": 0.01,
            "max_batch_events": 10,
            **changes,
        }
        timing = Timing(sleep=self._sleep, random=lambda: 0.0, slice=0.02)
        self.output = OtlpOutput(OtlpSettings(**values), self._bury, stop, timing)
        self.made.append(self)
        self._pack = packer(self.output.encoding.record, lambda: NOW)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._asleep()

    def send(self, events: Sequence[Json]) -> None:
        self.output.send([self._pack(event) for event in events])
        counters = self.output.counters
        assert counters.sent == counters.acked + counters.poisoned

    def _bury(self, item: Item, reason: str) -> None:
        self.poison.append((item.event_id, reason))


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while Client.made:
        Client.made.pop().output.close()


def ids(events: Sequence[Json]) -> list[str]:
    return [event["event"]["id"] for event in events]


# ---- what arrives -------------------------------------------------------------------


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


# ---- what a receiver can do ----------------------------------------------------------


FAILURES: dict[str, Behaviour] = {
    "503": receivers.busy(503),
    "429": receivers.busy(429),
    "502": receivers.busy(502),
    "404": receivers.busy(404),
    "401": receivers.busy(401),
    "redirect": receivers.busy(301, Location="http://192.0.2.1/"),
    "reset": receivers.reset,
    "stored": receivers.store_and_reset,
    "torn": receivers.store_and_tear,
    "portal": lambda e: e.answer(200, b"<html>sign in</html>", "text/html"),
    "other kind": lambda e: e.answer(200, b"{}", "text/plain"),
    "not json": lambda e: e.answer(200, b"\xff{", e.kind),
    "long": lambda e: e.answer(200, b" " * 100_000, e.kind),
}


@each_encoding
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_tried_again_and_nothing_is_lost(
    encoding: str, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(*[FAILURES[failure]] * 3) as receiver:
        client = Client(receiver, encoding=encoding)
        client.send(EVENTS[:25])
        client.output.close()
    assert set(ids(receiver.events)) == set(ids(EVENTS[:25]))
    assert client.poison == []
    assert client.output.counters.retries == 3
    assert client.output.trouble == ""
    assert caplog.messages[0].endswith("; retrying")
    assert caplog.messages[-1].endswith("acknowledges again")


@pytest.mark.parametrize(
    ("behave", "least"),
    [
        (receivers.busy(429, Retry_After="7"), 6.9),
        (receivers.busy(503, Retry_After="30"), 29.9),
        (receivers.busy_until(100), 90),
    ],
)
def test_it_waits_as_long_as_the_receiver_says(behave: Behaviour, least: float) -> None:
    with Receiver(behave) as receiver:
        client = Client(receiver)
        client.send(EVENTS[:1])
    assert sum(client.slept) >= least
    assert max(client.slept) <= 0.02


@pytest.mark.parametrize("text", ["-1", "soon", "9" * 400, ""])
def test_what_is_no_time_to_wait_is_passed_over(text: str) -> None:
    with Receiver(receivers.busy(503, Retry_After=text)) as receiver:
        client = Client(receiver)
        client.send(EVENTS[:1])
    assert sum(client.slept) <= 601


@each_encoding
def test_rejected_records_become_dead_letters_and_are_not_sent_again(
    encoding: str,
) -> None:
    def reject(exchange: Exchange) -> None:
        exchange.answer_partly(3, "too old\nforged: line")

    with Receiver(take, reject) as receiver:
        client = Client(receiver, encoding=encoding)
        client.send(EVENTS[:25])
    assert len(receiver.requests) == 3
    assert [event_id for event_id, _ in client.poison] == ids(EVENTS[10:20])
    (reason,) = {reason for _, reason in client.poison}
    assert reason == (
        "receiver rejected 3 of a request of 10 events: too old\\nforged: line"
    )
    assert ids(receiver.events) == ids(EVENTS[:10] + EVENTS[20:25])


@each_encoding
def test_a_warning_is_said_and_rejects_nothing(
    encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(lambda e: e.answer_partly(0, "please batch")) as receiver:
        client = Client(receiver, encoding=encoding)
        client.send(EVENTS[:3])
    assert client.poison == []
    assert client.output.counters.acked == 3
    assert caplog.messages == [f"otlp to 127.0.0.1:{receiver.port}: please batch"]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_event_that_is_refused_does_not_hold_up_the_others(status: int) -> None:
    bad = EVENTS[13]["event"]["id"]

    def picky(exchange: Exchange) -> None:
        if bad in ids(exchange.events):
            exchange.answer(status)
        else:
            take(exchange)

    with Receiver(usual=picky) as receiver:
        client = Client(receiver)
        client.send(EVENTS[:25])
    assert [event_id for event_id, _ in client.poison] == [bad]
    assert client.poison[0][1] == f"receiver refused it: HTTP {status}"
    assert ids(receiver.events) == [i for i in ids(EVENTS[:25]) if i != bad]


def test_a_request_that_is_too_large_is_sent_in_parts() -> None:
    def small(exchange: Exchange) -> None:
        if exchange.size > 6000:
            exchange.answer(413)
        else:
            take(exchange)

    with Receiver(usual=small) as receiver:
        client = Client(receiver)
        client.send(EVENTS[:10])
    assert client.poison == []
    assert ids(receiver.events) == ids(EVENTS[:10])


@pytest.mark.parametrize("most", [1, 3000, 6000, 1 << 20])
def test_no_request_is_larger_than_asked_but_for_one_large_event(most: int) -> None:
    events = EVENTS[:30]
    with Receiver() as receiver:
        client = Client(receiver, max_batch_events=30, max_batch_bytes=most)
        client.send(events)
    assert receiver.events == events
    record = client.output.encoding.record
    sizes = [
        [len(record(log_record(event, NOW))) for event in exchange.events]
        for exchange in receiver.requests
    ]
    assert all(sum(each) <= most or len(each) == 1 for each in sizes)
    # And none could have had the first event of the next one.
    assert all(sum(here) + there[0] > most for here, there in pairwise(sizes))


def test_a_receiver_that_refuses_everything_is_at_fault_and_no_event() -> None:
    stopped: list[bool] = []

    def refuse(exchange: Exchange) -> None:
        if len(receiver.requests) > 20:
            stopped.append(True)
        exchange.answer(400)

    with Receiver(usual=refuse) as receiver:
        client = Client(receiver, lambda: bool(stopped))
        with pytest.raises(TemporaryError, match=r"^stopped while 127\.0\.0\.1:"):
            client.send(EVENTS[:4])
    assert client.poison == []
    assert "nothing else is taken either" in client.output.trouble


def test_a_receiver_that_is_silent_is_given_up_at_its_deadline() -> None:
    with Receiver(receivers.silent) as receiver:
        client = Client(receiver, timeout=0.05)
        client.send(EVENTS[:3])
        assert ids(receiver.events) == ids(EVENTS[:3]) * 2
        assert client.output.counters.retries >= 1


def test_an_answer_that_only_drips_ends_at_the_deadline_too() -> None:
    with Receiver(receivers.drip) as receiver:
        client = Client(receiver, timeout=0.2)
        client.send(EVENTS[:3])
        assert client.output.counters.retries == 1
        assert ids(receiver.events) == ids(EVENTS[:3]) * 2


@pytest.mark.parametrize("behave", [receivers.silent, receivers.drip])
def test_a_stop_ends_the_wait_for_an_answer(behave: Behaviour) -> None:
    with Receiver(usual=behave) as receiver:
        client = Client(receiver, lambda: bool(receiver.requests))
        with pytest.raises(TemporaryError, match=r"^stopped while"):
            client.send(EVENTS[:3])
        client.output.close()


def test_a_receiver_that_goes_and_comes_back_gets_everything() -> None:
    with Receiver() as receiver:
        client = Client(receiver, asleep=lambda: start_again())
        client.send(EVENTS[:5])
        receiver.stop()

        def start_again() -> None:
            if len(client.slept) == 3:
                receiver.start()

        client.send(EVENTS[5:10])
    assert set(ids(receiver.events)) == set(ids(EVENTS[:10]))


def test_a_connection_is_used_again() -> None:
    with Receiver() as receiver:
        client = Client(receiver)
        for _ in range(3):
            client.send(EVENTS[:25])
        assert client.output.counters.connects == 1
        client.output.close()
        client.output.close()  # twice


def test_a_connection_that_was_ended_meanwhile_costs_no_try() -> None:
    with Receiver(usual=receivers.take_and_leave) as receiver:
        client = Client(receiver)
        for number in range(5):
            client.send(EVENTS[number : number + 1])
            assert receiver.left.acquire(timeout=60)
    assert client.output.counters.retries == 0
    assert client.output.counters.connects == 5
    assert ids(receiver.events) == ids(EVENTS[:5])


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


# ---- TLS and secrets ----------------------------------------------------------------


def test_tls_checks_the_name_and_the_authority(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("receiver.example.com").configure_cert(context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    right = TlsSettings(ca_file, "receiver.example.com")
    with Receiver(tls=context) as receiver:
        client = Client(receiver, tls=right, headers=(("Authorization", "Bearer x"),))
        client.send(EVENTS[:3])
        client.output.close()
        assert receiver.requests[0].headers["authorization"] == "Bearer x"

        def stopped() -> bool:
            return bool(client.slept)

        for wrong in (TlsSettings(ca_file), TlsSettings(None, "receiver.example.com")):
            client = Client(receiver, stopped, tls=wrong)
            with pytest.raises(TemporaryError):
                client.send(EVENTS[:1])
            assert client.output.trouble.startswith("certificate not trusted: ")


def chosen(tmp_path: Path, **changes: Any) -> OtlpSettings:
    values = {"url": "https://otlp.example.com", **changes}
    config = load(None, {f"otlp.{key}": value for key, value in values.items()}, 0)
    settings: OtlpSettings = config.output.settings
    return settings


@pytest.mark.parametrize(
    ("url", "port", "path"),
    [
        ("https://otlp.example.com", 4318, "/v1/logs"),
        ("https://otlp.example.com:443/", 443, "/v1/logs"),
        ("http://192.0.2.1/opentelemetry/v1/logs", 4318, "/opentelemetry/v1/logs"),
        ("https://[2001:db8::1]:8443/x?a=b", 8443, "/x?a=b"),
    ],
)
def test_a_url_says_where(tmp_path: Path, url: str, port: int, path: str) -> None:
    settings = chosen(tmp_path, url=url)
    assert (settings.port, settings.path) == (port, path)
    assert (settings.tls is not None) == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "192.0.2.1:4318",
        "grpc://192.0.2.1:4317",
        "https://",
        "https://192.0.2.1:x",
        "https://192.0.2.1:99999",
        "https://ann:secret@192.0.2.1",
        "https://192.0.2.1/a b",
        "https://192.0.2.1/\r\nX: y",
    ],
)
def test_what_is_no_url_is_refused_by_its_key(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"^otlp\.url: ") as caught:
        chosen(tmp_path, url=url)
    assert "secret" not in str(caught.value)


def test_secrets_come_from_files_and_go_over_tls_only(tmp_path: Path) -> None:
    token, headers = tmp_path / "token", tmp_path / "headers"
    write_secret(token, "t0ken\n")
    write_secret(headers, "api-key: abc\n\nX-Tenant:  one\n")
    files = {"bearer_token_file": str(token), "headers_file": str(headers)}
    settings = chosen(tmp_path, **files)
    assert dict(settings.headers) == {
        "api-key": "abc",
        "X-Tenant": "one",
        "Authorization": "Bearer t0ken",
    }
    assert "abc" not in repr(settings)
    assert "t0ken" not in repr(settings)
    with pytest.raises(ConfigError, match="secrets in headers need https"):
        chosen(tmp_path, url="http://192.0.2.1:4318", **files)
    assert chosen(tmp_path, url="http://127.0.0.1:4318", **files).headers


@pytest.mark.parametrize(
    "text",
    ["no colon s3cret", ": s3cret", "a b: s3cret", "Host: s3cret", "a: s3cret\x07"],
)
def test_a_header_that_is_none_is_refused_and_not_shown(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "headers"
    write_secret(file, text)
    with pytest.raises(ConfigError, match=r"^otlp\.headers_file: ") as caught:
        chosen(tmp_path, headers_file=str(file))
    assert "s3cret" not in str(caught.value)

"""Log records as the body of a request, and what the answer says of them."""

import gzip
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from esa_auth import __version__
from esa_auth.outputs.otlp.records import (
    LogRecord,
    json_attributes,
    json_record,
    protobuf_maker,
    resource,
)

# As `forward.chunks` has it: higher levels cost several times the CPU.
_GZIP_LEVEL = 3
_SCOPE = "esa-auth"
_MOST_TEXT = 200


class Verdict(NamedTuple):
    """What a receiver says of a request that it answers with 200."""

    rejected: int = 0
    """Records that it has not taken; which ones is not said."""
    message: str = ""


class Encoding(NamedTuple):
    """One of the two forms of OTLP/HTTP."""

    content_type: str
    record: Callable[[LogRecord], bytes]
    body: Callable[[Sequence[bytes]], bytes]
    verdict: Callable[[bytes], Verdict]
    """Reads an answer; raises ValueError if the bytes are none."""


def encoding(name: str, service_name: str) -> Encoding:
    """Return an encoding by its name.

    Raises:
        ModuleNotFoundError: protobuf needs the package opentelemetry-proto.
    """
    return _json(service_name) if name == "json" else _protobuf(service_name)


def compressed(body: bytes) -> bytes:
    """Return a body as ``Content-Encoding: gzip`` has it; the same for the same."""
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _json(service_name: str) -> Encoding:
    attributes = orjson.dumps(json_attributes(resource(service_name)))
    scope = orjson.dumps({"name": _SCOPE, "version": __version__})
    head = b'{"resourceLogs":[{"resource":{"attributes":%b},"scopeLogs":[{"scope":%b'
    head = head % (attributes, scope) + b',"logRecords":['

    def body(records: Sequence[bytes]) -> bytes:
        if not records:
            return b'{"resourceLogs":[]}'
        return head + b",".join(records) + b"]}]}]}"

    return Encoding(
        "application/json",
        lambda record: orjson.dumps(json_record(record)),
        body,
        _read_json,
    )


def _read_json(answer: bytes) -> Verdict:
    if not answer.strip():
        return Verdict()
    found = orjson.loads(answer)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - as for what is not JSON
    partial = found.get("partialSuccess") or {}
    if not isinstance(partial, dict):
        raise ValueError("partialSuccess is not an object")  # noqa: TRY004 - as above
    # A 64 bit number is text in OTLP/JSON; collectors have written it as a number too.
    rejected = int(partial.get("rejectedLogRecords") or 0)
    return Verdict(rejected, _shown(partial.get("errorMessage") or ""))


def _protobuf(service_name: str) -> Encoding:
    make = protobuf_maker()
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
        ExportLogsServiceResponse,
    )
    from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs

    of_resource, of_scope = ResourceLogs(), ScopeLogs()
    for key, value in resource(service_name).items():
        of_resource.resource.attributes.add(key=key).value.string_value = value
    of_scope.scope.name, of_scope.scope.version = _SCOPE, __version__
    resource_head = of_resource.SerializeToString()
    scope_head = of_scope.SerializeToString()

    def body(records: Sequence[bytes]) -> bytes:
        if not records:
            return b""
        # Fields of a message may follow each other in its bytes, so records that are
        # encoded already are put behind the head: resource_logs is field 1 of the
        # request, scope_logs 2 of it, log_records 2 of that.
        part = scope_head + b"".join([_field(2, record) for record in records])
        return _field(1, resource_head + _field(2, part))

    def read(answer: bytes) -> Verdict:
        try:
            partial = ExportLogsServiceResponse.FromString(answer).partial_success
        except DecodeError as error:
            raise ValueError(str(error)) from error
        return Verdict(partial.rejected_log_records, _shown(partial.error_message))

    return Encoding("application/x-protobuf", make, body, read)


def _field(number: int, data: bytes) -> bytes:
    """Return a field of protobuf that has a length: its tag, its length, its bytes."""
    length, left = bytearray(), len(data)
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    length.append(left)
    return bytes([number << 3 | 2]) + bytes(length) + data


def _shown(text: Any) -> str:
    """Return the receiver's text as it may stand in a log line: ASCII, short."""
    return ascii(str(text)[:_MOST_TEXT])[1:-1]

"""A receiver of OTLP/HTTP on loopback that answers as its script says.

Written from the specification of OTLP, not from the client under test. Each request
takes the next behaviour of the script, and the usual one after its end.
"""

import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from tests.support.otlp_records import event_of, records_of
from tests.support.ports import free_port

Json = dict[str, Any]

JSON, PROTOBUF = "application/json", "application/x-protobuf"


class Exchange:
    """One request, and the ways to answer it."""

    def __init__(self, handler: "_Handler", receiver: "Receiver") -> None:
        self._handler = handler
        self.receiver = receiver
        self.headers = {k.lower(): v for k, v in handler.headers.items()}
        self.path = handler.path
        body = handler.rfile.read(int(self.headers["content-length"]))
        self.size = len(body)
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.kind = self.headers["content-type"]
        if self.kind == JSON:
            self.request: Json = json.loads(body)
        else:
            assert self.kind == PROTOBUF
            message = ExportLogsServiceRequest.FromString(body)
            self.request = MessageToDict(message)
        self.records = records_of(self.request)

    @property
    def events(self) -> list[Json]:
        """The events in the request."""
        return [event_of(record) for record in self.records]

    def answer(
        self, status: int, body: bytes = b"", kind: str = "", **headers: str
    ) -> None:
        """Send an answer."""
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.send_header("Content-Type", kind or self.kind)
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def store(self) -> None:
        """Keep the events."""
        self.receiver.store(self.events)

    def reset(self) -> None:
        """End the connection without an answer."""
        linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._handler.close_connection = True
        self._handler.connection.close()

    def answer_partly(self, rejected: int, message: str) -> None:
        """Answer that some records were not taken."""
        if self.kind == JSON:
            partial = {"rejectedLogRecords": str(rejected), "errorMessage": message}
            body = json.dumps({"partialSuccess": partial}).encode()
        else:
            response = ExportLogsServiceResponse()
            response.partial_success.rejected_log_records = rejected
            response.partial_success.error_message = message
            body = response.SerializeToString()
        self.answer(200, body)


Behaviour = Callable[[Exchange], None]


def take(exchange: Exchange) -> None:
    """Store, then say so: what a good receiver does."""
    exchange.store()
    exchange.answer(200, b'{"partialSuccess":{}}' if exchange.kind == JSON else b"")


def take_and_leave(exchange: Exchange) -> None:
    """Store, say so, and end the connection, as idle ones are ended."""
    take(exchange)
    handler = exchange._handler
    handler.close_connection = True
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    exchange.receiver.left.release()


def reset(exchange: Exchange) -> None:
    """Drop everything."""
    exchange.reset()


def store_and_reset(exchange: Exchange) -> None:
    """Store, and die before that is said."""
    exchange.store()
    exchange.reset()


def store_and_tear(exchange: Exchange) -> None:
    """Store, and die in the middle of the answer."""
    exchange.store()
    exchange._handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9")
    exchange.reset()


def busy(status: int, **headers: str) -> Behaviour:
    """Take nothing and answer with a status."""
    return lambda exchange: exchange.answer(status, b"", "", **headers)


def busy_until(seconds: float) -> Behaviour:
    """Answer 503 with a date as ``Retry-After``."""

    def behave(exchange: Exchange) -> None:
        then = datetime.fromtimestamp(time.time() + seconds, UTC)
        exchange.answer(503, Retry_After=format_datetime(then, usegmt=True))

    return behave


def silent(exchange: Exchange) -> None:
    """Store and let the client's time run out."""
    exchange.store()
    exchange.receiver.released.wait(60)
    exchange.reset()


def drip(exchange: Exchange) -> None:
    """Store, and answer with a byte now and then, without an end."""
    exchange.store()
    exchange._handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    while not exchange.receiver.released.wait(0.01):
        exchange._handler.wfile.write(b"x")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        receiver = self.server.receiver
        exchange = Exchange(self, receiver)
        with receiver.lock:
            receiver.requests.append(exchange)
            script = receiver.script
            behave = script.popleft() if script else receiver.usual
        with suppress(OSError):
            behave(exchange)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: "Receiver"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients of these tests are killed."""


class Receiver:
    """Listens while in its context; may be stopped and started again."""

    def __init__(
        self,
        *script: Behaviour,
        usual: Behaviour = take,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.script = deque(script)
        self.usual = usual
        self.requests: list[Exchange] = []
        self.events: list[Json] = []
        self.on_store: Callable[[Iterable[Json]], None] = self.events.extend
        self.lock = threading.Lock()
        self.released = threading.Event()
        self.left = threading.Semaphore(0)
        self.port = free_port()
        self._tls = tls
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def store(self, events: list[Json]) -> None:
        with self.lock:
            self.on_store(events)

    def start(self) -> None:
        """Listen, on the port it had before if it had one."""
        server = _Server(("127.0.0.1", self.port), _Handler)
        server.receiver = self
        if self._tls:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True)
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        self.stop()

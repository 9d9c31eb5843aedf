"""HTTP ends of a pipeline: a bulk index and Splunk's event collector."""

import base64
import gzip
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


def basic(user: str, password: str) -> str:
    """Return the header of a user with a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Endpoint:
    """Listens on loopback while in its context; fails as often as ``failures`` says.

    ``accepted``, if given, is the only ``Authorization`` that it takes. ``busy`` is how
    many documents it does not take at first, in an answer that is otherwise good.
    Out of its context nobody answers, on a connection that was open before neither.
    """

    def __init__(
        self,
        failures: int = 0,
        accepted: str | None = None,
        busy: int = 0,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.failures, self.accepted, self.busy = failures, accepted, busy
        # `_id` -> document of `_bulk`.
        self.documents: dict[str, dict[str, Any]] = {}
        self.conflicts = 0
        # Writes over a document that is there.
        self.repeats = 0
        self.refused = 0
        # `_id` -> index.
        self.places: dict[str, str] = {}
        # The envelopes of the event collector.
        self.envelopes: list[dict[str, Any]] = []
        self.authorizations: set[str] = set()
        self.gone = False
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.endpoint = self
        if tls is not None:
            # The handshake is a handler's: one that never comes holds up nobody else.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gone = True
        self._server.shutdown()
        self._server.server_close()

    def bulk(self, lines: list[bytes]) -> dict[str, Any]:
        """Take pairs of action and document; to create a known id is a conflict."""
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            ((operation, about),) = json.loads(action).items()
            status = self._write(operation, about["_id"], document)
            if status < 300:
                self.places[about["_id"]] = about.get("_index", "")
            items.append({operation: {"_id": about["_id"], "status": status}})
        bad = [x for item in items for x in item.values() if x["status"] >= 300]
        for item in bad:
            item["error"] = {"type": "refused", "reason": str(item["status"])}
        return {"errors": bool(bad), "items": items}

    def has_more_than(self, count: int) -> bool:
        """Return whether there are more documents."""
        return len(self.documents) > count

    def create(self, path: str, document: bytes) -> int:
        """Take the document of a request for it alone; return the status."""
        index, _, name = path.strip("/").rpartition("/_create/")
        status = self._write("create", name, document)
        if status < 300:
            self.places[name] = index
        return status

    def _write(self, operation: str, name: str, document: bytes) -> int:
        assert operation in {"create", "index"}
        with self._lock:
            return self._keep(operation, name, document)

    def _keep(self, operation: str, name: str, document: bytes) -> int:
        if self.busy > 0:
            self.busy -= 1
            return 429
        known = name in self.documents
        if known and operation == "create":
            self.conflicts += 1
            return 409
        self.repeats += known
        self.documents[name] = json.loads(document, object_pairs_hook=_once)
        return 200 if known else 201

    def admits(self, authorization: str) -> bool:
        """Note who asks; return whether they may."""
        self.authorizations.add(authorization)
        may = self.accepted in {None, authorization}
        self.refused += not may
        return may

    def collect(self, body: bytes) -> dict[str, Any]:
        """Take envelopes, one after the other with or without blanks between."""
        text, decoder = body.decode().strip(), json.JSONDecoder()
        while text:
            envelope, end = decoder.raw_decode(text)
            self.envelopes.append(envelope)
            text = text[end:].lstrip()
        return {"text": "Success", "code": 0}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a field that is there twice, as Elasticsearch and OpenSearch do."""
    found = dict(pairs)
    assert len(found) == len(pairs), [name for name, _ in pairs]
    return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: Endpoint

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that was killed; what the tests assert is said."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def parse_request(self) -> bool:
        return super().parse_request() and not self._gone()

    def _gone(self) -> bool:
        self.close_connection |= self.server.endpoint.gone
        return self.server.endpoint.gone

    def do_GET(self) -> None:
        may = self.server.endpoint.admits(self.headers.get("Authorization", ""))
        version = {"number": "9.4.0", "distribution": "opensearch"}
        self._answer(200 if may else 401, {"version": version})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        endpoint = self.server.endpoint
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if not endpoint.admits(self.headers.get("Authorization", "")):
            self._answer(401, {"error": "security_exception"})
        elif endpoint.failures > 0:
            endpoint.failures -= 1
            self._answer(503, {"text": "busy", "code": 9})
        elif urlsplit(self.path).path.endswith("_bulk"):
            self._answer(200, endpoint.bulk(body.strip().split(b"\n")))
        elif "/_create/" in self.path:
            self._answer(endpoint.create(self.path, body), {})
        else:
            assert self.path == "/services/collector/event"
            self._answer(200, endpoint.collect(body))

    do_PUT = do_POST

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        # As the engines write it: Vector looks for `"errors":true` in the text.
        body = json.dumps(content, separators=(",", ":")).encode()
        self.send_response(status)
        # The client of Elasticsearch talks to nothing else.
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, form: str, *words: object) -> None:
        """Say nothing."""

"""HTTP ends of a pipeline: a bulk index and Splunk's event collector."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class Endpoint:
    """Listens on loopback while in its context; fails as often as ``failures`` says."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        # `_id` -> document of `_bulk`.
        self.documents: dict[str, dict[str, Any]] = {}
        self.conflicts = 0
        # The envelopes of the event collector.
        self.envelopes: list[dict[str, Any]] = []
        self.authorizations: set[str] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.endpoint = self
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
        self._server.shutdown()
        self._server.server_close()

    def bulk(self, lines: list[bytes]) -> dict[str, Any]:
        """Take pairs of action and document; a known id is a conflict."""
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            ((operation, about),) = json.loads(action).items()
            assert operation == "create"
            known = about["_id"] in self.documents
            self.conflicts += known
            if not known:
                self.documents[about["_id"]] = json.loads(document)
            items.append({"create": {"_id": about["_id"], "status": _status(known)}})
        return {
            "errors": any(x["create"]["status"] == 409 for x in items),
            "items": items,
        }

    def collect(self, body: bytes) -> dict[str, Any]:
        """Take envelopes, one after the other with or without blanks between."""
        text, decoder = body.decode().strip(), json.JSONDecoder()
        while text:
            envelope, end = decoder.raw_decode(text)
            self.envelopes.append(envelope)
            text = text[end:].lstrip()
        return {"text": "Success", "code": 0}


def _status(known: bool) -> int:
    return 409 if known else 201


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    endpoint: Endpoint


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(
            200, {"version": {"number": "9.4.0", "distribution": "opensearch"}}
        )

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        endpoint = self.server.endpoint
        endpoint.authorizations.add(self.headers.get("Authorization", ""))
        if endpoint.failures > 0:
            endpoint.failures -= 1
            self._answer(503, {"text": "busy", "code": 9})
        elif self.path.endswith("_bulk"):
            self._answer(200, endpoint.bulk(body.strip().split(b"\n")))
        else:
            assert self.path == "/services/collector/event"
            self._answer(200, endpoint.collect(body))

    do_PUT = do_POST

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
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

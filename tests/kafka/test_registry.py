"""The schema as a registry gets it: the interface over HTTP, and what is sent."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from jsonschema import Draft202012Validator

from esa_auth.resources import schema
from tests.support.checkout import ROOT
from tests.support.process import PATIENCE

ASKED: list[tuple[str, dict[str, str]]] = []
ANSWERS = {
    "/subjects/esa-auth-events-value/versions": (200, {"id": 7}),
    "/subjects/taken-value/versions": (409, {"error_code": 409}),
    "/compatibility/subjects/new-value/versions/latest": (404, {"error_code": 40401}),
    "/compatibility/subjects/bad-value/versions/latest": (
        200,
        {"is_compatible": False},
    ),
}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        ASKED.append((self.path, json.loads(self.rfile.read(length))))
        code, answer = ANSWERS[self.path]
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep stderr to the tests."""


@pytest.fixture
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 0),
        (["--subject", "taken-value"], 1),
        (["--check", "--subject", "new-value"], 0),
        (["--check", "--subject", "bad-value"], 1),
    ],
)
def test_a_registry_is_asked_as_it_wants_to_be(
    registry: str, words: list[str], code: int
) -> None:
    script = ROOT / "examples" / "kafka" / "register_schema.py"
    done = subprocess.run(
        [sys.executable, str(script), *words, registry],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == code, done.stderr.decode()
    _, body = ASKED[-1]
    assert body["schemaType"] == "JSON"
    sent = json.loads(body["schema"])
    assert sent == schema("auth-event")
    Draft202012Validator.check_schema(sent)
    assert sent["$id"]

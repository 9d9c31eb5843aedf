"""Real Benthos with what conf/benthos ships, and an index that keeps by id."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.shippers.appliance import push_tcp, traffic
from tests.shippers.hosts import (
    Process,
    children,
    free_port,
    kill_children,
    listens,
    process,
    render,
    until,
)
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import require
from tests.support.process import esa_auth

pytestmark = needs_checkout

Json = dict[str, Any]

PROGRAM = Path(
    os.environ.get("ESA_AUTH_BENTHOS", ROOT / ".cache" / "benthos"), "benthos"
)
LINES = traffic("esa01", 9_000, 1)
STARTS = 5
# Events that the host had been given and had not sent, four times: stdout is no
# acknowledgement. In nearly all runs none.
IN_A_PIPE = 4 * 40


class Index:
    """Keeps each document by its id; 409 for one that it has, 503 while it is down."""

    def __init__(self) -> None:
        self.documents: dict[str, Json] = {}
        self.repeated = 0
        self.down = False
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"index": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def put(self, name: str, body: bytes) -> int:
        """Return the status of a request to create a document."""
        with self._lock:
            if self.down:
                return 503
            if name in self.documents:
                self.repeated += 1
                return 409
            self.documents[name] = orjson.loads(body)
            return 201

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients of these tests are killed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    index: Index

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        stream, _, name = self.path.rpartition("/_create/")
        assert stream == "/logs-cisco_esa.auth-default"
        assert self.headers["Authorization"].startswith("Basic ")
        self.send_response(self.index.put(name, body))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Bench:
    """A folder with a shipped configuration, and the index that it writes to."""

    def __init__(self, folder: Path, name: str, index: Index) -> None:
        self.folder, self.index = folder, index
        self.log = folder / "mail_logs"
        self.port, self._http = free_port(), free_port()
        schema = ROOT / "schemas" / "auth-event.schema.json"
        places = {
            "https://localhost:9200": f"http://127.0.0.1:{index.port}",
            "127.0.0.1:4195": f"127.0.0.1:{self._http}",
            "/etc/benthos/auth-event.schema.json": str(schema),
            "/var/lib/esa-auth/": f"{folder}/",
            "/var/log/esa-auth/": f"{folder}/",
        }
        if name == "tail":
            places["/var/log/esa/"] = str(self.log)
        else:
            places["0.0.0.0:514"] = f"127.0.0.1:{self.port}"
        self.configuration = render(f"benthos/{name}.yaml", folder, places)
        self.log.touch()

    @contextmanager
    def running(self) -> Iterator[Process]:
        """Run Benthos."""
        words = [str(PROGRAM), "run", str(self.configuration)]
        log = self.folder / "benthos.log"
        with process(words, log, ESA_AUTH_PASSWORD="secret") as host:
            until(lambda: listens(self._http), log.read_text)
            yield host

    def write(self, lines: list[bytes]) -> None:
        """Let the appliance's log grow."""
        with self.log.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    def has_more_than(self, count: int) -> None:
        """Wait for another document."""
        log = self.folder / "benthos.log"
        until(lambda: len(self.index.documents) > count, log.read_text)

    def has_all(self, expected: dict[str, Json]) -> None:
        """Wait for them, as long as some arrive."""
        while len(self.index.documents) < len(expected):
            self.has_more_than(len(self.index.documents))


@pytest.fixture
def index() -> Iterator[Index]:
    made = Index()
    yield made
    made.close()


@pytest.fixture(scope="module")
def expected() -> dict[str, Json]:
    """The events of the direct run, by `event.id`."""
    require("Benthos", PROGRAM.exists(), "not built (make engines, Go)")
    return made_of(LINES)


def test_what_arrives_is_what_tail_writes(
    tmp_path: Path, expected: dict[str, Json], index: Index
) -> None:
    """Though the index is away at first; a line that is no event goes nowhere."""
    bench = Bench(tmp_path, "tail", index)
    index.down = True
    bench.write(LINES)
    with bench.running():
        until(lambda: "503" in (tmp_path / "benthos.log").read_text(), "not asked")
        index.down = False
        bench.has_all(expected)
    assert index.documents == expected


@pytest.mark.slow
def test_nothing_is_lost_when_we_are_killed(
    tmp_path: Path, expected: dict[str, Json], index: Index
) -> None:
    """Four times, while the log grows and one host runs on: it reads what we left."""
    bench = Bench(tmp_path, "tail", index)
    with bench.running() as host:
        for share in shares():
            before = len(index.documents)
            bench.write(share)
            bench.has_more_than(before)
            assert kill_children(host.pid)
            until(partial(children, host.pid), "it is not started again")
        bench.has_all(expected)
    print(f"{len(expected)} events, lost 0, {index.repeated=}")
    assert index.documents == expected


@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_no_more_is_lost_than_a_pipe_holds_when_the_host_ends(
    kill: signal.Signals, tmp_path: Path, expected: dict[str, Json], index: Index
) -> None:
    """Four times, while the log grows."""
    bench = Bench(tmp_path, "tail", index)
    for share in shares()[:-1]:
        with bench.running() as host:
            before = len(index.documents)
            bench.write(share)
            bench.has_more_than(before)
            host.send_signal(kill)
            host.wait()
    with bench.running():
        bench.write(shares()[-1])
        last = list(expected)[-1]
        until(lambda: last in index.documents, "it stands still")
    assert index.documents.items() <= expected.items()
    lost = len(expected) - len(index.documents)
    print(f"{kill.name}: {len(expected)} events, {lost=}, {index.repeated=}")
    assert lost <= IN_A_PIPE


def shares() -> list[list[bytes]]:
    """Return the lines of the log in as many parts as there are starts."""
    size = len(LINES) // STARTS + 1
    return [LINES[at : at + size] for at in range(0, len(LINES), size)]


def test_each_line_is_answered(
    tmp_path: Path, expected: dict[str, Json], index: Index
) -> None:
    """Also one that is no log, one that is empty, and after a kill of ourselves."""
    bench = Bench(tmp_path, "reply", index)
    half = len(LINES) // 2
    # Without the ends of sessions that are open there.
    first = made_of(LINES[:half]).keys() & expected.keys()
    with bench.running() as host:
        until(lambda: listens(bench.port), "Benthos does not listen")
        push_tcp(bench.port, [b"", b"no log", *LINES[:half]])
        until(lambda: first <= index.documents.keys(), "it stands still")
        assert kill_children(host.pid)
        push_tcp(bench.port, LINES[half:])
        bench.has_all(expected)
    assert index.documents == expected
    assert index.repeated == 0


def made_of(lines: list[bytes]) -> dict[str, Json]:
    """Return the events of a direct run, by `event.id`."""
    stdin = b"".join(line + b"\n" for line in lines)
    ended = esa_auth("filter", "--timezone", "UTC", stdin=stdin)
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}

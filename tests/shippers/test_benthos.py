"""Real Benthos with what conf/benthos ships, and an index that keeps by id."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.shippers.appliance import push_tcp, traffic
from tests.shippers.endings import ends_of_the_host, kills_of_us, made_of, shares
from tests.shippers.endpoints import Endpoint, basic
from tests.shippers.hosts import (
    Process,
    kill_children,
    listens,
    process,
    render,
    until,
)
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import require
from tests.support.ports import free_port

pytestmark = needs_checkout

Json = dict[str, Any]

PROGRAM = Path(
    os.environ.get("ESA_AUTH_BENTHOS", ROOT / ".cache" / "benthos"), "benthos"
)
LINES = traffic("esa01", 9_000, 1)
PARTS = shares(LINES, 5)
# Events that the host had been given and had not sent, four times: stdout is no
# acknowledgement. In nearly all runs none.
IN_A_PIPE = 4 * 40


class Bench:
    """A folder with a shipped configuration, and the index that it writes to."""

    def __init__(self, folder: Path, name: str, index_port: int) -> None:
        self.folder = folder
        self.log = folder / "mail_logs"
        self.port, self._http = free_port(), free_port()
        schema = ROOT / "schemas" / "auth-event.schema.json"
        places = {
            "https://localhost:9200": f"http://127.0.0.1:{index_port}",
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
            until(lambda: listens(self._http), self.told)
            yield host

    def told(self) -> str:
        """Return what Benthos has said."""
        return (self.folder / "benthos.log").read_text()

    def write(self, lines: list[bytes]) -> None:
        """Let the appliance's log grow."""
        with self.log.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    def received(self) -> int:
        """Return how many messages Benthos has taken from its input."""
        with urlopen(f"http://127.0.0.1:{self._http}/stats") as answer:
            counters: Json = json.load(answer)
        received: int = counters['input_received{label="",path="root.input"}']
        return received

    def delivers(self, index: Endpoint, count: int) -> None:
        """Wait until the index has ``count`` documents, as long as some arrive."""
        while (had := len(index.documents)) < count:
            until(partial(index.has_more_than, had), self.told)


@pytest.fixture
def index() -> Iterator[Endpoint]:
    """An index that keeps each document by its id, in the data stream alone."""
    with Endpoint(accepted=basic("esa-auth", "secret")) as made:
        yield made
    assert set(made.places.values()) == {"logs-cisco_esa.auth-default"}


@pytest.fixture(scope="module")
def expected() -> dict[str, Json]:
    """The events of the direct run, by `event.id`."""
    require("Benthos", PROGRAM.exists(), "not built (make engines, Go)")
    return made_of(LINES)


def test_what_arrives_is_what_tail_writes(
    tmp_path: Path, expected: dict[str, Json], index: Endpoint
) -> None:
    """Though the index is away at first; a line that is no event goes nowhere."""
    bench = Bench(tmp_path, "tail", index.port)
    index.failures = 1_000_000
    bench.write(LINES)
    with bench.running():
        until(lambda: "503" in (tmp_path / "benthos.log").read_text(), "not asked")
        index.failures = 0
        bench.delivers(index, len(expected))
    assert index.documents == expected


@pytest.mark.slow
def test_nothing_is_lost_when_we_are_killed(
    tmp_path: Path, expected: dict[str, Json], index: Endpoint
) -> None:
    """Four times, while the log grows and one host runs on: it reads what we left."""
    bench = Bench(tmp_path, "tail", index.port)
    kills_of_us(bench, PARTS, lambda: index.documents, expected)
    print(f"{len(expected)} events, lost 0, repeated {index.conflicts}")
    assert index.documents == expected


@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_no_more_is_lost_than_a_pipe_holds_when_the_host_ends(
    kill: signal.Signals, tmp_path: Path, expected: dict[str, Json], index: Endpoint
) -> None:
    """Four times, while the log grows."""
    bench = Bench(tmp_path, "tail", index.port)
    lost = ends_of_the_host(bench, PARTS, lambda: index.documents, expected, kill)
    print(f"{kill.name}: {len(expected)} events, {lost=}, repeated {index.conflicts}")
    assert lost <= IN_A_PIPE


def test_each_line_is_answered(
    tmp_path: Path, expected: dict[str, Json], index: Endpoint
) -> None:
    """Also one that is no log, one that is empty, and after a kill of ourselves."""
    bench = Bench(tmp_path, "reply", index.port)
    half = len(LINES) // 2
    # Without the ends of sessions that are open there.
    first = made_of(LINES[:half]).keys() & expected.keys()
    with bench.running() as host:
        until(lambda: listens(bench.port), "Benthos does not listen")
        push_tcp(bench.port, [b"", b"no log", *LINES[:half]])
        until(lambda: first <= index.documents.keys(), "it stands still")
        assert kill_children(host.pid)
        push_tcp(bench.port, LINES[half:])
        bench.delivers(index, len(expected))
    assert index.documents == expected
    assert index.conflicts == 0


def test_a_stop_loses_nothing_of_a_burst(
    tmp_path: Path, expected: dict[str, Json], index: Endpoint
) -> None:
    """Though the index was away while it came: it does not stand in the socket."""
    bench = Bench(tmp_path, "reply", index.port)
    half = len(LINES) // 2
    index.failures = 1_000_000
    with bench.running():
        until(lambda: listens(bench.port), "Benthos does not listen")
        push_tcp(bench.port, LINES[:half])
        until(lambda: bench.received() >= half, "it stands in the socket")
        index.failures = 0
    with bench.running():
        until(lambda: listens(bench.port), "Benthos does not listen")
        push_tcp(bench.port, LINES[half:])
        bench.delivers(index, len(expected))
    assert index.documents == expected

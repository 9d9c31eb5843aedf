"""Real Fluentd with the shipped configurations, where `fluentd` is there to be run."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme

from tests.shippers.appliance import push_tcp, push_udp, traffic
from tests.shippers.endpoints import Endpoint
from tests.shippers.hosts import (
    Process,
    children,
    free_port,
    kill_children,
    process,
    render,
    until,
)
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import optional
from tests.support.process import command, esa_auth
from tests.support.secret_files import write_secret

FLUENTD = shutil.which("fluentd")

LINES = 3_000
FILE, TCP = traffic("esa01", LINES, 1), traffic("esa02", LINES, 2)
# As many as the kernel keeps until Fluentd has time.
UDP = traffic("esa03", 40, 3)
Events = dict[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def present() -> None:
    optional("Fluentd", FLUENTD, "no fluentd in PATH")


pytestmark = needs_checkout


def direct(lines: list[bytes]) -> Events:
    """Return what the direct run makes of ``lines``."""
    ended = esa_auth(
        "filter", "--timezone", "UTC", stdin=b"".join(line + b"\n" for line in lines)
    )
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


class Bench:
    """A folder with the shipped files at paths of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "mail_logs"
        self.log.touch()
        self.port = free_port()

    def write(self, lines: list[bytes]) -> None:
        """Let the appliance's log grow."""
        with self.log.open("ab") as file:
            file.writelines(line + b"\n" for line in lines)

    def configure(self, name: str, sink: str, url: str = "") -> Path:
        """Render ``name`` with ``sink`` at its end."""
        self._render(f"{sink}.conf", self._sink_places(sink, url))
        here = str(self.folder)
        places = {
            "@include to_elasticsearch.conf": f"@include {sink}.conf",
            "/var/log/esa/mail_logs": str(self.log),
            "/var/log/esa/ ": f"{self.log} ",
            "/var/lib/fluentd": f"{here}/fluentd",
            "/var/lib/esa-auth": f"{here}/state",
            "/var/log/esa-auth": f"{here}/log",
            "port 5514": f"port {self.port}",
            "port 24224": f"port {self.port}",
            "/etc/fluentd": here,
        }
        text = (ROOT / "conf" / "fluentd" / name).read_text()
        places = {old: new for old, new in places.items() if old in text}
        for made in ("log", "state", "fluentd"):
            (self.folder / made).mkdir(exist_ok=True)
        return self._render(name, places)

    def _sink_places(self, sink: str, url: str) -> Mapping[str, str]:
        places = {"/var/lib/fluentd": f"{self.folder}/fluentd"}
        if sink == "to_file":
            return places
        kind = sink.removeprefix("to_")
        secret = "splunk.token" if kind == "splunk" else f"{kind}.password"
        (self.folder / secret).write_text("secret\n")
        port = 8088 if kind == "splunk" else 9200
        return places | {
            f"https://localhost:{port}": url,
            "/etc/fluentd": str(self.folder),
        }

    def _render(self, name: str, places: Mapping[str, str]) -> Path:
        return render(f"fluentd/{name}", self.folder, places)

    def arrived(self) -> list[dict[str, Any]]:
        """Return what `to_file.conf` has written so far."""
        found: list[dict[str, Any]] = []
        for file in sorted((self.folder / "fluentd").glob("events*.log")):
            lines = file.read_bytes().split(b"\n")[:-1]
            found += [orjson.loads(line) for line in lines]
        return found

    def by_id(self) -> Events:
        """Return them by id; equal ids must be equal events."""
        found: Events = {}
        for event in self.arrived():
            known = found.setdefault(event["event"]["id"], event)
            assert known == event
        return found


# All inputs listen by then; TCP does before UDP.
RUNNING = "fluentd worker is now running"


@contextmanager
def fluentd(configuration: Path) -> Iterator[Process]:
    """Run Fluentd with its supervisor."""
    words = [str(FLUENTD), "-c", str(configuration)]
    log = configuration.parent / "fluentd.log"
    before = log.read_text().count(RUNNING) if log.exists() else 0
    with process(words, log) as host:
        until(lambda: log.read_text().count(RUNNING) > before, log.read_text)
        yield host


@pytest.mark.parametrize("name", ["exec_filter.conf", "exec_filter_json.conf"])
def test_exec_filter_over_file_udp_and_tcp(name: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    expected = direct(FILE + UDP + TCP)
    with fluentd(bench.configure(name, "to_file")):
        bench.write(FILE)
        push_tcp(bench.port, TCP)
        push_udp(bench.port, UDP)
        until(lambda: len(bench.by_id()) >= len(expected), "events are lost")
    assert bench.by_id() == expected
    assert (tmp_path / "log" / "dead.ndjson").read_bytes() == b""


def test_exec_filter_starts_a_killed_child_again(tmp_path: Path) -> None:
    """What was in its pipes is gone; nothing is made up."""
    bench = Bench(tmp_path)
    with fluentd(bench.configure("exec_filter.conf", "to_file")) as host:
        bench.write(FILE[: LINES // 2])
        until(lambda: len(bench.arrived()) > 10, "no events")
        assert kill_esa_auth(host)
        before = len(bench.arrived())
        bench.write(FILE[LINES // 2 :])
        until(lambda: len(bench.arrived()) > before + 10, "it is not started again")
    known = {line.decode() for line in FILE}
    assert {e["event"]["original"] for e in bench.by_id().values()} <= known


def test_exec_filter_loses_nothing_at_a_stop_of_the_host(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    expected = direct(FILE)
    configuration = bench.configure("exec_filter.conf", "to_file")
    with fluentd(configuration):
        bench.write(FILE[: LINES // 2])
        until(lambda: len(bench.arrived()) > 10, "no events")
        bench.write(FILE[LINES // 2 :])
    with fluentd(configuration):
        until(lambda: len(bench.by_id()) >= len(expected), "events are lost")
    originals = {e["event"]["original"] for e in expected.values()}
    assert {e["event"]["original"] for e in bench.by_id().values()} == originals


def test_exec_runs_tail(tmp_path: Path) -> None:
    """The log keeps what a killed child did not deliver."""
    bench = Bench(tmp_path)
    expected = direct(FILE)
    configuration = bench.configure("tail.conf", "to_file")
    with fluentd(configuration) as host:
        bench.write(FILE[: LINES // 2])
        until(lambda: len(bench.arrived()) > 10, "no events")
        assert kill_esa_auth(host)
        bench.write(FILE[LINES // 2 :])
        until(lambda: len(bench.by_id()) >= len(expected), "events are lost")
    assert bench.by_id() == expected


@pytest.mark.parametrize("name", ["tail.conf", "forward.conf"])
def test_stops_of_the_host_lose_nothing(name: str, tmp_path: Path) -> None:
    """What a start takes up from its buffer may be written at the next stop only."""
    bench = Bench(tmp_path)
    expected = direct(FILE)
    configuration = bench.configure(name, "to_file")
    with sender(bench) if name == "forward.conf" else nullcontext():
        for start in range(6):
            with fluentd(configuration):
                wait_for_worker(bench, start + 1)
                bench.write(FILE[start * 600 : start * 600 + 600])
                time.sleep(0.5)
        with fluentd(configuration):
            wait_for_worker(bench, 7)
            time.sleep(5)
    assert bench.by_id() == expected


def wait_for_worker(bench: Bench, starts: int) -> None:
    log = bench.folder / "fluentd.log"
    words = "worker is now running"
    until(lambda: log.read_text().count(words) >= starts, "fluentd does not start")


@contextmanager
def sender(bench: Bench, *words: str) -> Iterator[Process]:
    """Run `esa-auth tail` beside Fluentd."""
    options = ["--timezone", "UTC", *words]
    options += ["--state-dir", str(bench.folder / "state" / "tail")]
    options += ["--forward", f"127.0.0.1:{bench.port}"]
    line = [*command(), "tail", str(bench.log), *options]
    with process(line, bench.folder / "tail.log") as child:
        yield child


def test_forward_with_acknowledgement(tmp_path: Path) -> None:
    """Fluentd stopped in the middle, and ourselves killed."""
    bench = Bench(tmp_path)
    expected = direct(FILE)
    configuration = bench.configure("forward.conf", "to_file")
    with sender(bench) as child:
        with fluentd(configuration):
            bench.write(FILE[:1000])
            until(lambda: len(bench.arrived()) > 10, "no events")
            bench.write(FILE[1000:2000])
        child.kill()
    with sender(bench), fluentd(configuration):
        bench.write(FILE[2000:])
        until(lambda: len(bench.by_id()) >= len(expected), "events are lost")
    assert bench.by_id() == expected


def test_forward_with_tls_shared_key_and_user(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    expected = direct(FILE)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    server = authority.issue_cert("127.0.0.1")
    server.private_key_pem.write_to_path(str(tmp_path / "server.key"))
    chain = b"".join(blob.bytes() for blob in server.cert_chain_pems)
    (tmp_path / "server.crt").write_bytes(chain)
    write_secret(tmp_path / "shared_key", "a key of many letters\n")
    write_secret(tmp_path / "password", "another secret\n")
    ours = ROOT / "examples" / "fluentd" / "forward_tls.yaml"
    text = ours.read_text().replace("/etc/esa-auth", str(tmp_path))
    (tmp_path / "ours.yaml").write_text(text)
    configuration = bench.configure("forward_tls.conf", "to_file")
    with fluentd(configuration), sender(bench, "--config", str(tmp_path / "ours.yaml")):
        bench.write(FILE)
        until(lambda: len(bench.by_id()) >= len(expected), "events are lost")
    assert bench.by_id() == expected


def test_splunk_gets_envelopes(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    expected = direct(FILE)
    with Endpoint(failures=2, accepted="another") as splunk:
        url = f"http://127.0.0.1:{splunk.port}"
        configuration = bench.configure("forward.conf", "to_splunk", url=url)
        with fluentd(configuration), sender(bench):
            bench.write(FILE)
            # A wrong token is refused, and loses nothing.
            until(lambda: splunk.refused > 1, "nothing is refused")
            splunk.accepted = "Splunk secret"
            until(lambda: len(splunk.envelopes) >= len(expected), "events are lost")
    assert {x["event"]["event"]["id"]: x["event"] for x in splunk.envelopes} == expected
    assert splunk.authorizations == {"Splunk secret"}
    envelope = splunk.envelopes[0]
    assert (envelope["host"], envelope["sourcetype"]) == ("esa01", "cisco:esa:auth:ecs")
    stamp = envelope["event"]["@timestamp"]
    assert envelope["time"] == datetime.fromisoformat(stamp).timestamp()


@pytest.mark.parametrize("kind", ["elasticsearch", "opensearch"])
def test_an_index_gets_each_event_once(kind: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    expected = direct(FILE)
    with Endpoint(failures=1) as index:
        url = f"http://127.0.0.1:{index.port}"
        configuration = bench.configure("forward.conf", f"to_{kind}", url=url)
        dry = subprocess.run(
            [str(FLUENTD), "--dry-run", "-c", str(configuration)],
            capture_output=True,
            check=False,
        )
        optional(f"fluent-plugin-{kind}", dry.returncode == 0, "not installed")
        with fluentd(configuration), sender(bench):
            bench.write(FILE)
            until(lambda: len(index.documents) >= len(expected), "events are lost")
    assert index.documents == expected


def kill_esa_auth(host: Process) -> int:
    """Kill the children of Fluentd's worker, which is a child of its supervisor."""
    return sum(kill_children(worker) for worker in children(host.pid))

"""Real Fluentd with the shipped configurations, where `fluentd` is there to be run."""

import subprocess
import time
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import pytest
import trustme

from tests.shippers.appliance import push_tcp, push_udp, traffic
from tests.shippers.endpoints import Endpoint
from tests.shippers.fluentd import FLUENTD, Bench, Events, fluentd, sender
from tests.shippers.hosts import (
    Process,
    children,
    kill_children,
    until,
)
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import optional
from tests.support.process import esa_auth
from tests.support.secret_files import write_secret

LINES = 3_000
FILE, TCP = traffic("esa01", LINES, 1), traffic("esa02", LINES, 2)
# As many as the kernel keeps until Fluentd has time.
UDP = traffic("esa03", 40, 3)


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
        until(bench.more_than(10), "no events")
        assert kill_esa_auth(host)
        before = len(bench.arrived())
        bench.write(FILE[LINES // 2 :])
        until(bench.more_than(before + 10), "it is not started again")
    known = {line.decode() for line in FILE}
    assert {e["event"]["original"] for e in bench.by_id().values()} <= known


def test_exec_filter_loses_nothing_at_a_stop_of_the_host(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    expected = direct(FILE)
    configuration = bench.configure("exec_filter.conf", "to_file")
    with fluentd(configuration):
        bench.write(FILE[: LINES // 2])
        until(bench.more_than(10), "no events")
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
        until(bench.more_than(10), "no events")
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
        share = len(FILE) // 4 + 1
        for start in range(4):
            with fluentd(configuration):
                more = bench.more_than(len(bench.arrived()))
                bench.write(FILE[start * share : (start + 1) * share])
                # tail.conf starts its child five seconds after itself.
                until(more, "no events")
        for _ in range(4):
            if len(bench.by_id()) < len(expected):
                with fluentd(configuration):
                    time.sleep(10)
    assert bench.by_id() == expected


def test_forward_with_acknowledgement(tmp_path: Path) -> None:
    """Fluentd stopped in the middle, and ourselves killed."""
    bench = Bench(tmp_path)
    expected = direct(FILE)
    configuration = bench.configure("forward.conf", "to_file")
    with sender(bench) as child:
        with fluentd(configuration):
            bench.write(FILE[:1000])
            until(bench.more_than(10), "no events")
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
    # Busy: a request is taken in part.
    with Endpoint(failures=1, busy=50) as index:
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

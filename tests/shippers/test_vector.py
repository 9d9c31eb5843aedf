"""Real Vector with the shipped files, where a `vector` of 0.57 or newer is in PATH."""

import re
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from tests.shippers.appliance import traffic
from tests.shippers.endpoints import Endpoint, basic
from tests.shippers.hosts import kill_children, until
from tests.shippers.vector import WORD, Bench, run, why_not
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import optional
from tests.support.process import esa_auth

LINES = 3_000
FILE = traffic("esa01", LINES, 1)
Events = dict[str, dict[str, Any]]

pytestmark = needs_checkout
WHOLE = ("vector.yaml", "forward.yaml", "listen.yaml", "kafka.yaml")
# What the alert in conf/prometheus asks for.
DROPPED = re.compile(
    r'^vector_component_discarded_events_total\{.*intentional="false".*\} [1-9]', re.M
)
GOOD = basic("esa-auth", WORD)


@pytest.fixture(scope="module", autouse=True)
def present() -> None:
    reason = why_not()
    optional("Vector", reason is None, str(reason))


@pytest.fixture(scope="module")
def expected() -> Events:
    """The events of the direct run, by `event.id`."""
    ended = esa_auth(
        "filter", "--timezone", "UTC", stdin=b"".join(line + b"\n" for line in FILE)
    )
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


def index(bench: Bench, **how: Any) -> Endpoint:
    """Return an index with a certificate; tell the shipped file of it."""
    endpoint = Endpoint(tls=bench.server_tls(), **how)
    bench.configure(f"https://127.0.0.1:{endpoint.port}")
    return endpoint


def more_than(endpoint: Endpoint, count: int) -> Callable[[], bool]:
    return lambda: len(endpoint.documents) > count


def all_there(endpoint: Endpoint, expected: Events) -> Callable[[], bool]:
    return more_than(endpoint, len(expected) - 1)


@pytest.mark.parametrize("name", WHOLE)
def test_vector_finds_nothing_wrong(name: str, tmp_path: Path) -> None:
    configuration = str(Bench(tmp_path, name).configure())
    words = ["validate", "--no-environment", "--deny-warnings", configuration]
    validated = run(*words)
    assert validated.returncode == 0, validated.stdout + validated.stderr
    tested = run("test", configuration)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("sink", ["splunk", "kafka"])
@pytest.mark.parametrize("name", WHOLE[:2])
def test_vector_takes_the_other_sinks(name: str, sink: str, tmp_path: Path) -> None:
    configuration = str(Bench(tmp_path, name).configure(sink=sink))
    validated = run("validate", "--no-environment", configuration)
    assert validated.returncode == 0, validated.stdout + validated.stderr


@pytest.mark.parametrize("name", WHOLE)
def test_a_secret_that_is_not_there_stops_it(name: str, tmp_path: Path) -> None:
    """It is never sent as its name."""
    bench = Bench(tmp_path, name)
    bench.configure()
    (tmp_path / "secrets" / "password").unlink()
    with bench.vector() as host:
        assert host.wait(60) == 78
    assert "retrieving secret" in bench.log.read_text()


def test_the_child_delivers(tmp_path: Path, expected: Events) -> None:
    """Through a busy index, a killed child and a stop while the index is away."""
    bench = Bench(tmp_path, "vector.yaml")
    with index(bench, accepted=GOOD, failures=1, busy=100) as engine:
        with bench.vector() as host:
            bench.write(FILE[: LINES // 2])
            until(lambda: len(engine.documents) > 10, "no events")
            engine.failures = 1_000_000
            assert kill_children(host.pid)
            bench.write(FILE[LINES // 2 :])
            taken = len(engine.documents) + 100
            until(lambda: bench.received("elasticsearch") > taken, "not started again")
        engine.failures = 0
        with bench.vector():
            until(all_there(engine, expected), "events are lost")
    assert engine.documents == expected
    assert engine.authorizations == {GOOD}
    months = {event["@timestamp"][:7] for event in expected.values()}
    assert set(engine.places.values()) == {f"esa-auth-vector-{m}" for m in months}


def test_a_wrong_password_stops_it_at_the_start(
    tmp_path: Path, expected: Events
) -> None:
    bench = Bench(tmp_path, "vector.yaml")
    bench.write(FILE)
    with index(bench, accepted=GOOD) as engine:
        bench.secret("another")
        with bench.vector() as host:
            assert host.wait(60) == 78
        assert not engine.documents
        bench.secret(WORD)
        with bench.vector():
            until(all_there(engine, expected), "events are lost")
    assert engine.documents == expected


def test_the_service_loses_nothing(tmp_path: Path, expected: Events) -> None:
    """Vector killed and stopped, and ourselves; what comes twice replaces itself."""
    bench = Bench(tmp_path, "forward.yaml")
    # Few: the first request may be of a few events, and is tried ever more rarely.
    with index(bench, accepted=GOOD, failures=1, busy=5) as engine:
        share = len(FILE) // 4 + 1
        for number in range(4):
            with bench.sender() as sender, bench.vector() as host:
                bench.write(FILE[number * share : (number + 1) * share])
                until(more_than(engine, len(engine.documents)), "no events")
                if number % 2:
                    host.kill()
                else:
                    sender.kill()
        with bench.sender(), bench.vector():
            until(all_there(engine, expected), "events are lost")
    assert engine.documents == expected
    assert engine.conflicts == 0


def test_the_service_waits_for_a_password(tmp_path: Path, expected: Events) -> None:
    """Changed while it runs: what is refused then is sent again."""
    bench = Bench(tmp_path, "forward.yaml")
    with index(bench, accepted=GOOD) as engine, bench.sender():
        with bench.vector():
            bench.write(FILE[: LINES // 2])
            until(lambda: len(engine.documents) > 10, "no events")
            engine.accepted = basic("esa-auth", "another")
            bench.write(FILE[LINES // 2 :])
            until(lambda: engine.refused > 3, "nothing is refused")
            until(lambda: DROPPED.search(bench.metrics()) is not None, "no alert")
        bench.secret("another")
        with bench.vector():
            until(all_there(engine, expected), "events are lost")
    assert engine.documents == expected


def test_a_log_that_is_read_again_goes_through(
    tmp_path: Path, expected: Events
) -> None:
    """A repeat is no conflict, which would be refused for ever."""
    bench = Bench(tmp_path, "forward.yaml")
    bench.write(FILE)
    with index(bench, accepted=GOOD) as engine, bench.vector():
        with bench.sender():
            until(all_there(engine, expected), "events are lost")
        shutil.rmtree(tmp_path / "state" / "tail")
        with bench.sender():
            until(lambda: engine.repeats >= len(expected), "it is stuck")
        assert not DROPPED.search(bench.metrics())
    assert engine.documents == expected


@pytest.mark.parametrize("name", ["vector.yaml", "forward.yaml"])
def test_splunk_gets_time_and_host(name: str, tmp_path: Path, expected: Events) -> None:
    bench = Bench(tmp_path, name)
    tls, accepted = bench.server_tls(), f"Splunk {WORD}"
    with Endpoint(failures=2, accepted=accepted, tls=tls) as splunk:
        bench.configure(f"https://127.0.0.1:{splunk.port}", "splunk")
        bench.write(FILE)
        sender = bench.sender() if name == "forward.yaml" else nullcontext()
        with bench.vector(), sender:
            until(lambda: len(splunk.envelopes) >= len(expected), "events are lost")
    assert {x["event"]["event"]["id"]: x["event"] for x in splunk.envelopes} == expected
    for envelope in splunk.envelopes:
        event = envelope["event"]
        assert envelope["host"] == event["observer"]["name"] == "esa01"
        stamp = datetime.fromisoformat(event["@timestamp"])
        assert envelope["time"] == stamp.timestamp()
        assert envelope["sourcetype"] == "cisco:esa:auth:ecs"


CHILD = """#!/bin/sh
echo 'esa-auth: a word' >&2
echo '{"event": {"id": "x", "da'
echo '[1, 2]'
echo '{"event": {"id": "x", "dataset": "other"}}'
exit 2
"""


def test_nothing_is_thrown_away_in_silence(tmp_path: Path) -> None:
    """Of a child that ends, its words and its lines; and the alerts that tell of it."""
    bench = Bench(tmp_path, "vector.yaml")
    child = tmp_path / "child"
    child.write_text(CHILD)
    child.chmod(0o700)
    with index(bench, accepted=GOOD):
        configuration = tmp_path / "vector.yaml"
        tree = yaml.safe_load(configuration.read_text())
        tree["sources"]["esa_auth"]["command"] = [str(child)]
        configuration.write_text(yaml.safe_dump(tree))
        refused = tmp_path / "data" / "esa-auth-refused.ndjson"
        with bench.vector():
            until(lambda: refused.exists() and lines(refused) >= 6, "nothing refused")
            until(lambda: "command_executed" in bench.metrics(), "no metrics")
            said = bench.metrics()
    assert "esa-auth: a word" in bench.log.read_text()
    found = [orjson.loads(line) for line in refused.read_bytes().splitlines()[:3]]
    wrote = [line.strip("'") for line in re.findall(r"echo ('[{\[].*')", CHILD)]
    assert [record["message"] for record in found] == wrote
    rules = yaml.safe_load((ROOT / "conf/prometheus/vector.rules.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        for name in re.findall(r"vector_(?!component_d|component_e)\w+", rule["expr"]):
            assert name in said


def lines(file: Path) -> int:
    return file.read_bytes().count(b"\n")


def test_two_appliances_that_begin_alike_are_both_read(tmp_path: Path) -> None:
    """`kafka.yaml`, with a file in the place of the brokers."""
    bench = Bench(tmp_path, "kafka.yaml")
    configuration = bench.configure()
    tree = yaml.safe_load(configuration.read_text())
    out = tmp_path / "out.ndjson"
    tree["sinks"] = {
        "out": {
            "type": "file",
            "inputs": ["esa_pulled"],
            "path": str(out),
            "encoding": {"codec": "json"},
        }
    }
    tree["sources"].pop("esa_push")
    tree["transforms"].pop("esa_pushed")
    tree.pop("tests")
    configuration.write_text(yaml.safe_dump(tree))
    stamp = "Tue Mar 17 18:24:37 2026 Info:"
    for number in (7, 8, 9):
        folder = tmp_path / "esa" / f"esa0{number}"
        folder.mkdir()
        head = f"{stamp} Begin Logfile\n{stamp} Version: 15.0 SN: {number}-{number}\n"
        text = head + "".join(f"{stamp} ICID {n} close\n" for n in range(41))
        (folder / "mail_logs.@20260317T182437.s").write_text(text)
    with bench.vector():
        until(lambda: out.exists() and lines(out) >= 3 * 43, "one is not read")
    read = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    assert {e["appliance"] for e in read} == {"esa07", "esa08", "esa09"}

"""Real Fluent Bit with the shipped configurations, where `fluent-bit` is there."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme

from tests.shippers.appliance import traffic
from tests.shippers.endpoints import Endpoint
from tests.shippers.hosts import (
    Process,
    kill_children,
    listens,
    process,
    render,
    until,
)
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import optional
from tests.support.ports import free_port
from tests.support.process import command, esa_auth
from tests.support.secret_files import write_secret

FLUENT_BIT = shutil.which("fluent-bit")
pytestmark = needs_checkout

LINES = 3_000
FILE = traffic("esa01", LINES, 1)
TO_FILE = """
[OUTPUT]
    Name   file
    Match  esa.auth
    Path   {folder}
    File   events.ndjson
    Format plain
"""
Events = dict[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def present() -> None:
    optional("Fluent Bit", FLUENT_BIT, "no fluent-bit in PATH")


@pytest.fixture(scope="module")
def expected() -> Events:
    """The events of the direct run, by `event.id`."""
    ended = esa_auth(
        "filter", "--timezone", "UTC", stdin=b"".join(line + b"\n" for line in FILE)
    )
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


def configure(folder: Path, name: str, **more: str) -> Path:
    """Render ``name`` with an output into a file."""
    (folder / "mail_logs").touch()
    (folder / "output.conf").write_text(TO_FILE.format(folder=folder))
    shutil.copy(ROOT / "conf" / "fluent-bit" / "parsers.conf", folder)
    text = (ROOT / "conf" / "fluent-bit" / name).read_text()
    places = {
        "/var/lib/fluent-bit": f"{folder}/storage",
        "/var/log/esa/ ": f"{folder}/mail_logs ",
        "/var/lib/esa-auth": str(folder),
        "/var/log/esa-auth": str(folder),
        "/etc/fluent-bit": str(folder),
    }
    places = {old: new for old, new in places.items() if old in text}
    return render(f"fluent-bit/{name}", folder, places | more)


def arrived(folder: Path) -> list[dict[str, Any]]:
    """Return the events in the output file."""
    file = folder / "events.ndjson"
    lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
    return [orjson.loads(line) for line in lines]


def by_id(folder: Path) -> Events:
    """Return them by id; equal ids must be equal events."""
    found: Events = {}
    for event in arrived(folder):
        known = found.setdefault(event["event"]["id"], event)
        assert known == event
    return found


@contextmanager
def fluent_bit(configuration: Path, **environment: str) -> Iterator[Process]:
    """Run Fluent Bit in the foreground."""
    words = [str(FLUENT_BIT), "-c", str(configuration)]
    log = configuration.parent / "fluent-bit.log"
    with process(words, log, **environment) as host:
        yield host


def to_index(folder: Path, port: int) -> None:
    """Let the events go to an index at ``port`` of loopback."""
    output = (ROOT / "conf" / "fluent-bit" / "output.conf").read_text()
    output = output.replace("9200", str(port))
    output = output.replace("localhost", "127.0.0.1")
    output = output.replace("tls                on", "tls                off")
    (folder / "output.conf").write_text(output)


def grow(folder: Path, lines: list[bytes]) -> None:
    """Let the appliance's log grow."""
    with (folder / "mail_logs").open("ab") as file:
        file.writelines(line + b"\n" for line in lines)


def test_exec_runs_tail(tmp_path: Path, expected: Events) -> None:
    """A killed child is started again; the log keeps what it did not deliver."""
    with fluent_bit(configure(tmp_path, "exec.conf")) as host:
        grow(tmp_path, FILE[: LINES // 2])
        until(lambda: len(arrived(tmp_path)) > 10, "no events")
        assert kill_children(host.pid)
        grow(tmp_path, FILE[LINES // 2 :])
        until(lambda: len(by_id(tmp_path)) >= len(expected), "events are lost")
    assert by_id(tmp_path) == expected


def test_stops_of_the_host_lose_nothing(tmp_path: Path, expected: Events) -> None:
    """A child that has nothing to write must end with its host all the same."""
    configuration = configure(tmp_path, "exec.conf")
    grow(tmp_path, FILE)
    log = tmp_path / "esa-auth.log"
    for number, share in enumerate((8, 4, 2, 1), start=1):
        with fluent_bit(configuration):
            # Stopped while it starts a child, Fluent Bit's signal can miss that one.
            until(partial(started, log, number), "no child")
            wait_for(tmp_path, len(expected) // share)
    assert by_id(tmp_path) == expected


def started(log: Path, times: int) -> bool:
    """Return whether esa-auth has been started so often."""
    return log.exists() and log.read_text().count(" started; ") >= times


def wait_for(folder: Path, count: int) -> None:
    until(lambda: len(by_id(folder)) >= count, "events are lost")


def test_forward_with_tls_shared_key_and_user(tmp_path: Path, expected: Events) -> None:
    """Fluent Bit stopped in the middle and started again."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    server = authority.issue_cert("127.0.0.1")
    server.private_key_pem.write_to_path(str(tmp_path / "server.key"))
    chain = b"".join(blob.bytes() for blob in server.cert_chain_pems)
    (tmp_path / "server.crt").write_bytes(chain)
    secrets = {"ESA_AUTH_SHARED_KEY": "many-letters", "ESA_AUTH_PASSWORD": "secret"}
    write_secret(tmp_path / "shared_key", secrets["ESA_AUTH_SHARED_KEY"])
    write_secret(tmp_path / "password", secrets["ESA_AUTH_PASSWORD"])
    ours = ROOT / "examples" / "fluentd" / "forward_tls.yaml"
    text = ours.read_text().replace("/etc/esa-auth", str(tmp_path))
    (tmp_path / "ours.yaml").write_text(text)
    port = free_port()
    configuration = configure(tmp_path, "forward.conf", **{"24224": str(port)})
    words = [*command(), "tail", str(tmp_path / "mail_logs"), "--timezone", "UTC"]
    words += ["--state-dir", str(tmp_path / "tail"), "--forward", f"127.0.0.1:{port}"]
    words += ["--config", str(tmp_path / "ours.yaml")]
    with process(words, tmp_path / "tail.log"):
        with fluent_bit(configuration, **secrets):
            until(lambda: listens(port), "fluent-bit does not listen")
            grow(tmp_path, FILE[: LINES // 2])
            until(lambda: len(arrived(tmp_path)) > 10, "no events")
        grow(tmp_path, FILE[LINES // 2 :])
        with fluent_bit(configuration, **secrets):
            until(lambda: len(by_id(tmp_path)) >= len(expected), "events are lost")
    assert by_id(tmp_path) == expected


def test_an_index_gets_each_event_once(tmp_path: Path, expected: Events) -> None:
    """An index that is busy with a part of a request, and a log that comes twice."""
    configuration = configure(tmp_path, "exec.conf")
    with Endpoint(failures=1, busy=50) as index:
        to_index(tmp_path, index.port)
        secret = {"ESA_AUTH_INDEX_PASSWORD": "secret"}
        grow(tmp_path, FILE)
        with fluent_bit(configuration, **secret):
            until(lambda: len(index.documents) >= len(expected), "events are lost")
        shutil.rmtree(tmp_path / "tail")
        with fluent_bit(configuration, **secret):
            until(lambda: index.conflicts >= len(expected), "events are lost")
    assert index.documents == expected


def test_splunk_gets_time_and_host(tmp_path: Path, expected: Events) -> None:
    configuration = configure(tmp_path, "exec.conf")
    with Endpoint(failures=1) as splunk:
        output = (ROOT / "conf" / "fluent-bit" / "output.conf").read_text()
        output = re.sub(
            "^#(?=    |\\[)", "", output[output.index("#[OUTPUT]") :], flags=re.M
        )
        output = output.replace("8088", str(splunk.port))
        output = output.replace("localhost", "127.0.0.1")
        output = output.replace("tls              on", "tls              off")
        (tmp_path / "output.conf").write_text(output)
        grow(tmp_path, FILE)
        with fluent_bit(configuration, ESA_AUTH_HEC_TOKEN="token"):
            until(lambda: len(splunk.envelopes) >= len(expected), "events are lost")
    assert {x["event"]["event"]["id"]: x["event"] for x in splunk.envelopes} == expected
    for envelope in splunk.envelopes:
        assert envelope["host"] == envelope["event"]["observer"]["name"] == "esa01"
        stamp = datetime.fromisoformat(envelope["event"]["@timestamp"])
        assert envelope["time"] == stamp.timestamp()

"""Real syslog-ng with the shipped configuration: UDP and TCP in, events out."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.shippers.appliance import push_tcp, push_udp, traffic
from tests.shippers.hosts import (
    Process,
    kill_children,
    listens,
    render,
    syslog_ng,
    syslog_ng_missing,
    until,
)
from tests.support.checkout import needs_checkout
from tests.support.collector import Collector
from tests.support.engines import require
from tests.support.ports import free_port
from tests.support.process import esa_auth

pytestmark = needs_checkout

LINES = 5_000
UDP, TCP = traffic("esa01", LINES, 1), traffic("esa02", LINES, 2)


class Bench:
    """A folder with the configuration, and a port."""

    def __init__(self, folder: Path, receiver: str) -> None:
        self.port = free_port()
        places: Mapping[str, str] = {
            # Both ways in.
            "#network": "network",
            'ip("0.0.0.0") port(514)': f'ip("127.0.0.1") port({self.port})',
            "127.0.0.1:24224": receiver,
            "/var/lib/esa-auth/syslog-ng": str(folder / "state"),
            "/var/log/esa-auth/dead.ndjson": str(folder / "dead.ndjson"),
            "/var/log/esa-auth/esa-auth.log": str(folder / "esa-auth.log"),
            'dir("/var/lib/syslog-ng")': f'dir("{folder}")',
        }
        self.configuration = render("syslog-ng/esa-auth.conf", folder, places)

    @contextmanager
    def running(self) -> Iterator[Process]:
        """Run syslog-ng."""
        with syslog_ng(self.configuration) as host:
            until(lambda: listens(self.port), "syslog-ng does not listen")
            yield host


@pytest.fixture(scope="module")
def expected() -> dict[str, object]:
    """The events of the direct run, by `event.id`."""
    missing = syslog_ng_missing()
    require("syslog-ng", missing is None, missing or "")
    stdin = b"".join(line + b"\n" for line in UDP + TCP)
    ended = esa_auth("filter", "--timezone", "UTC", stdin=stdin)
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


def test_two_appliances(tmp_path: Path, expected: dict[str, object]) -> None:
    with Collector() as collector:
        bench = Bench(tmp_path, collector.address)
        with bench.running():
            other = threading.Thread(target=push_tcp, args=(bench.port, TCP))
            other.start()
            push_udp(bench.port, UDP)
            other.join()
            until(lambda: len(collector.events) >= len(expected), "events are lost")
    assert collector.by_id() == expected
    assert len(collector.events) == len(expected)
    assert (tmp_path / "dead.ndjson").read_bytes() == b""
    assert "WARNING" not in (tmp_path / "syslog-ng.log").read_text()
    # The closing line comes at the end of stdin: the stop reached us, and we drained.
    account = (tmp_path / "esa-auth.log").read_text()
    assert f": {len(UDP + TCP)} lines = " in account


def test_a_killed_child_is_started_again_and_makes_nothing_up(
    tmp_path: Path, expected: dict[str, object]
) -> None:
    """What was in the pipe is lost; the sessions are as of the last save."""
    with Collector() as collector:
        bench = Bench(tmp_path, collector.address)
        with bench.running() as host:
            push_udp(bench.port, UDP[: LINES // 2])
            until(lambda: len(collector.events) > 10, "no events")
            assert kill_children(host.pid)
            before = len(collector.events)
            push_udp(bench.port, UDP[LINES // 2 :])
            until(lambda: len(collector.events) > before, "it is not started again")
    known = {line.decode() for line in UDP}
    assert {e["event"]["original"] for e in collector.by_id().values()} <= known


def test_a_line_feed_in_a_datagram_makes_no_second_line(
    tmp_path: Path, expected: dict[str, object]
) -> None:
    forged = (
        b"<22>Mar 17 10:00:00 esa01 mail_logs: Info: MID 1 Subject 'x\n"
        b"<22>Mar 17 10:00:00 esa01 mail_logs: Info: SMTP Auth: (ICID 1) succeeded "
        b"for user: forged using AUTH mechanism: PLAIN with profile: staff"
    )
    with Collector() as collector:
        bench = Bench(tmp_path, collector.address)
        with bench.running():
            push_udp(bench.port, [forged, *UDP[:500]])
            until(lambda: len(collector.events) > 5, "no events")
    assert "forged" not in str(collector.events)

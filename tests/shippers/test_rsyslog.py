"""Real rsyslog with the shipped configuration: UDP, TCP and a file in, events out."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.shippers.appliance import push_tcp, push_udp, traffic
from tests.shippers.hosts import (
    RSYSLOG,
    Process,
    kill_children,
    listens,
    render,
    rsyslog,
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
    """A folder with the configuration, and its ports."""

    def __init__(self, folder: Path, receiver: str, **changes: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.file = folder / "mail_logs"
        places = {
            'workDirectory="/var/spool/rsyslog"': f'workDirectory="{folder}"',
            # All three ways in.
            "#module": "module",
            "#input": "input",
            "#      reopen": "      reopen",
            'type="imudp" port="514"': f'type="imudp" port="{self.port}"',
            'type="imtcp" port="514"': f'type="imtcp" port="{self.port}"',
            'module(load="imfile")': 'module(load="imfile" pollingInterval="1")',
            "/var/log/esa/mail_logs": str(self.file),
            "127.0.0.1:24224": receiver,
            "/var/lib/esa-auth/rsyslog": str(folder / "state"),
            "/var/log/esa-auth/dead.ndjson": str(folder / "dead.ndjson"),
            "/var/log/esa-auth/esa-auth.log": str(folder / "esa-auth.log"),
        }
        self.configuration = render(
            "rsyslog/esa-auth.conf", folder, places | dict(changes.items())
        )

    @contextmanager
    def running(self) -> Iterator[Process]:
        """Run rsyslog until it has taken what was sent."""
        with rsyslog(self.configuration) as host:
            until(lambda: listens(self.port), "rsyslog does not listen")
            yield host

    def push(self) -> list[threading.Thread]:
        """Let two appliances send at once."""
        pushes = [(push_udp, UDP), (push_tcp, TCP)]
        senders = [threading.Thread(target=p, args=(self.port, x)) for p, x in pushes]
        for sender in senders:
            sender.start()
        return senders


@pytest.fixture(scope="module")
def expected() -> dict[str, object]:
    """The events of the direct run, by `event.id`."""
    require("rsyslog", RSYSLOG, "no rsyslogd (Debian package rsyslog)")
    stdin = b"".join(line + b"\n" for line in UDP + TCP)
    ended = esa_auth("filter", "--timezone", "UTC", stdin=stdin)
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


def test_two_appliances_and_a_child_killed_in_the_middle(
    tmp_path: Path, expected: dict[str, object]
) -> None:
    with Collector() as collector:
        bench = Bench(tmp_path, collector.address)
        with bench.running() as host:
            senders = bench.push()
            for share in (5, 3, 2):
                wait_for(collector, len(expected) // share)
                assert kill_children(host.pid)
            for sender in senders:
                sender.join()
            until(lambda: len(collector.by_id()) >= len(expected), "events are lost")
    assert collector.by_id() == expected
    assert (tmp_path / "dead.ndjson").read_bytes() == b""


def test_a_kill_of_the_host_loses_nothing_that_it_has_read(
    tmp_path: Path, expected: dict[str, object]
) -> None:
    with Collector() as collector:
        bench = Bench(tmp_path, collector.address)
        collector.delay = 0.01
        with bench.running() as host:
            for sender in bench.push():
                sender.join()
            # By then it has read its sockets to their ends.
            until(lambda: len(collector.events) > len(expected) // 8, "no events")
            host.kill()
            host.wait()
        assert len(collector.by_id()) < len(expected) // 2, "nothing was queued"
        collector.delay = 0.0
        with bench.running():
            until(lambda: len(collector.by_id()) >= len(expected), "events are lost")
        assert collector.by_id() == expected


def test_a_stop_and_a_hup_of_the_host_lose_nothing(
    tmp_path: Path, expected: dict[str, object]
) -> None:
    """What the queue holds at a stop is on disk; HUP is not the child's business."""
    assert stopped(tmp_path, 0.01, len(expected)) == expected


def test_a_stop_while_no_receiver_answers_loses_nothing(
    tmp_path: Path, expected: dict[str, object]
) -> None:
    """At worst the line in hand comes behind the others."""
    got = stopped(tmp_path, None, len(expected))
    assert got.keys() == expected.keys()
    changed = [str(e) for i, e in expected.items() if e != got[i]]
    sessions = {re.search(r"'icid': \d+", event) for event in changed}
    assert len({found.group() for found in sessions if found}) <= 1


def wait_for(collector: Collector, count: int) -> None:
    until(lambda: len(collector.by_id()) > count, "no events")


def stopped(folder: Path, at_stop: float | None, count: int) -> dict[str, object]:
    """Stop rsyslog in the middle, start it again, return what came.

    At the stop the receiver takes ``at_stop`` seconds for an acknowledgement.
    """
    with Collector() as collector:
        collector.delay = 0.01
        bench = Bench(folder, collector.address)
        with bench.running() as host:
            for sender in bench.push():
                sender.join()
            until(lambda: len(collector.events) > count // 8, "no events")
            host.send_signal(signal.SIGHUP)
            until(lambda: len(collector.events) > count // 4, "stuck at HUP")
            collector.delay = at_stop
        assert len(collector.by_id()) < count, "nothing was queued"
        collector.delay = 0.0
        with bench.running():
            until(lambda: len(collector.by_id()) >= count, "events are lost")
        return dict(collector.by_id())


def test_a_file_that_is_truncated(tmp_path: Path, expected: dict[str, object]) -> None:
    with Collector() as collector:
        bench = Bench(tmp_path, collector.address)
        bench.file.write_bytes(b"".join(line + b"\n" for line in UDP))
        with bench.running():
            mine = sum("'name': 'esa01'" in str(e) for e in expected.values())
            until(lambda: len(collector.by_id()) >= mine, "lines of the file are lost")
            # Shorter than what has been read, or it is taken for the same file. What
            # stands in it is read once: a second truncation would have its sessions
            # read twice if the first reading has begun by then.
            bench.file.write_bytes(b"".join(line + b"\n" for line in TCP[:2000]))
            until(lambda: len(collector.by_id()) > mine, "the new file is not read")
            with bench.file.open("ab") as grown:
                grown.write(b"".join(line + b"\n" for line in TCP[2000:]))
            until(lambda: len(collector.by_id()) >= len(expected), "lines are lost")
    assert collector.by_id() == expected


def test_a_line_feed_in_a_datagram_makes_no_second_line(tmp_path: Path) -> None:
    """It would be answered with two OK, and a login could be forged behind it."""
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


def test_a_second_process_is_refused_with_one_line(tmp_path: Path) -> None:
    """A queue with several workers and no forceSingleInstance starts several."""
    with Collector() as collector:
        changes = {
            'forceSingleInstance="on"': 'forceSingleInstance="off"',
            # A queue on disk has one worker.
            'queue.type="Disk"': 'queue.type="LinkedList" queue.workerThreads="4" '
            'queue.workerThreadMinimumMessages="10"',
            'queue.timeoutActionCompletion="12000"': "",
        }
        bench = Bench(tmp_path, collector.address, **changes)
        log = tmp_path / "esa-auth.log"
        with bench.running():
            bench.push()
            until(
                lambda: log.exists() and "is held by" in log.read_text(),
                "no second process was started",
            )
    refusals = [x for x in log.read_text().splitlines() if "is held by" in x]
    assert all(str(tmp_path / "state") in line for line in refusals)

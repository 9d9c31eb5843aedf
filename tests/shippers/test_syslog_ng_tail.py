"""Real syslog-ng as the host of `tail`, which starts again where it was."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.shippers.appliance import push_tcp, traffic
from tests.shippers.endings import made_of
from tests.shippers.hosts import (
    Process,
    children,
    kill_children,
    listens,
    render,
    syslog_ng,
    syslog_ng_missing,
    until,
)
from tests.support.checkout import needs_checkout
from tests.support.engines import require
from tests.support.ports import free_port

pytestmark = needs_checkout

LINES = traffic("esa01", 9_000, 1)
PIECE = 300
# Events of about 1.7 kB that the host had been given and had not read, or not written,
# four times: stdout is no acknowledgement. In nearly all runs none.
IN_A_PIPE = 4 * 40


class Bench:
    """A folder with the configuration, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.log = folder / "logs" / "127.0.0.1" / "mail_logs"
        places = {
            'ip("0.0.0.0") port(514)': f'ip("127.0.0.1") port({self.port})',
            # The destination of the lines, and the child.
            "/var/log/esa/": f"{folder}/logs/",
            "/var/lib/esa-auth/tail": str(folder / "state"),
            "/var/log/esa-auth/": f"{folder}/",
        }
        self.configuration = render("syslog-ng/tail.conf", folder, places)

    @contextmanager
    def running(self) -> Iterator[Process]:
        """Run syslog-ng."""
        with syslog_ng(self.configuration) as host:
            until(lambda: listens(self.port), "syslog-ng does not listen")
            yield host

    def events(self) -> list[dict[str, Any]]:
        """Return the events at the destination; half ones are none."""
        found = []
        file = self.folder / "events.ndjson"
        for line in file.read_bytes().splitlines() if file.exists() else ():
            with suppress(orjson.JSONDecodeError):
                found.append(orjson.loads(line))
        return found

    def by_id(self) -> dict[str, Any]:
        """Return them by `event.id`."""
        return {event["event"]["id"]: event for event in self.events()}

    def has_more_than(self, count: int) -> None:
        """Wait for another event."""
        until(lambda: len(self.by_id()) > count, f"{count} events and no more")

    def write(self, lines: list[bytes]) -> None:
        """Let the appliance's log grow, as a transfer of it does."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """The events of the direct run, by `event.id`."""
    missing = syslog_ng_missing()
    require("syslog-ng", missing is None, missing or "")
    return made_of(LINES)


def test_what_appliances_push_comes_out_as_events(
    tmp_path: Path, expected: dict[str, Any]
) -> None:
    bench = Bench(tmp_path)
    with bench.running():
        push_tcp(bench.port, LINES)
        until(lambda: len(bench.events()) >= len(expected), "events are lost")
    assert bench.by_id() == expected
    assert len(bench.events()) == len(expected)
    assert (tmp_path / "dead.ndjson").read_bytes() == b""
    assert "WARNING" not in (tmp_path / "syslog-ng.log").read_text()


def test_nothing_is_lost_when_we_are_killed(
    tmp_path: Path, expected: dict[str, Any]
) -> None:
    """Four times, while the log grows and one host runs on: it reads what we left."""
    bench = Bench(tmp_path)
    with bench.running() as host:
        for share in shares():
            before = len(bench.by_id())
            writer = threading.Thread(target=grow, args=(bench, share))
            writer.start()
            bench.has_more_than(before)
            assert kill_children(host.pid)
            writer.join()
            until(partial(children, host.pid), "it is not started again")
        until(lambda: len(bench.by_id()) >= len(expected), "events are lost")
    assert bench.by_id() == expected


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_no_more_is_lost_than_a_pipe_holds_when_the_host_ends(
    kill: signal.Signals, tmp_path: Path, expected: dict[str, Any]
) -> None:
    """Four times, while the log grows."""
    bench = Bench(tmp_path)
    for share in shares()[:-1]:
        with bench.running() as host:
            before = len(bench.by_id())
            writer = threading.Thread(target=grow, args=(bench, share))
            writer.start()
            bench.has_more_than(before)
            host.send_signal(kill)
            host.wait()
            writer.join()
    with bench.running():
        grow(bench, shares()[-1])
        until(lambda: list(expected)[-1] in bench.by_id(), "it stands still")
    found = bench.by_id()
    assert found.items() <= expected.items()
    lost = len(expected) - len(found)
    print(f"{kill.name}: {len(expected)} events, lost {lost}, wrong 0")
    assert lost <= IN_A_PIPE


def shares() -> list[list[list[bytes]]]:
    """Return the lines of the log in five parts, each in pieces to write."""
    pieces = [LINES[at : at + PIECE] for at in range(0, len(LINES), PIECE)]
    size = len(pieces) // 5 + 1
    return [pieces[at : at + size] for at in range(0, len(pieces), size)]


def grow(bench: Bench, share: list[list[bytes]]) -> None:
    for piece in share:
        bench.write(piece)

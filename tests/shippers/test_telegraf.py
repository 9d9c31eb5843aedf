"""Real Telegraf with what conf/telegraf ships."""

import fcntl
import os
import re
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.shippers.appliance import traffic
from tests.shippers.endings import ends_of_the_host, kills_of_us, made_of, shares
from tests.shippers.hosts import (
    Process,
    children,
    kill_children,
    process,
    render,
    until,
)
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import require
from tests.support.process import account_of

pytestmark = needs_checkout

Json = dict[str, Any]

PROGRAM = Path(
    os.environ.get("ESA_AUTH_TELEGRAF", ROOT / ".cache" / "telegraf"), "telegraf"
)
LINES = traffic("esa01", 9_000, 1)
PARTS = shares(LINES, 5)
# Events in the pipe between Telegraf and us, four times.
IN_A_PIPE = 4 * 40
# Bytes in a pipe of 64 KiB into which no other event goes whole, or nearly so.
ALMOST_FULL = 60_000


def present() -> None:
    """Go on if Telegraf is there."""
    require("Telegraf", PROGRAM.exists(), "not built (make engines, Go)")


class Bench:
    """A folder with a shipped configuration, and the files that Telegraf writes."""

    def __init__(self, folder: Path, name: str, flush: str = "10s") -> None:
        self.folder = folder
        self.log = folder / "mail_logs"
        # Not empty, so that one can see when Telegraf has gone to its end.
        self.log.write_bytes(b"\n" if name == "filter" else b"")
        (folder / "out").mkdir()
        source = {"tail": "/var/log/esa/", "filter": "/var/log/esa/mail_logs"}
        places = {
            "[agent]\n": f'[agent]\n  flush_interval = "{flush}"\n',
            source[name]: str(self.log),
            "/var/lib/esa-auth/": f"{folder}/",
            "/var/log/esa-auth/": f"{folder}/",
            "/var/log/telegraf/": f"{folder}/out/",
        }
        if name == "filter":
            settings = ROOT / "conf" / "telegraf" / "filter.yaml"
            places["/etc/esa-auth/filter.yaml"] = str(settings)
            places["/var/lib/telegraf/"] = f"{folder}/"
        self.configuration = render(f"telegraf/{name}.conf", folder, places)

    @contextmanager
    def running(self) -> Iterator[Process]:
        """Run Telegraf."""
        words, starts = (
            [str(PROGRAM), "--config", str(self.configuration)],
            self._starts(),
        )
        with process(words, self.folder / "telegraf.log") as host:
            until(lambda: self._starts() > starts, self.told)
            if self.configuration.name == "filter.conf":
                until(lambda: has_read(host.pid, self.log), self.told)
            yield host

    def _starts(self) -> int:
        return self.told().count("Loaded outputs")

    def told(self) -> str:
        """Return what Telegraf has said."""
        log = self.folder / "telegraf.log"
        return log.read_text() if log.exists() else ""

    def write(self, lines: list[bytes]) -> None:
        """Let the appliance's log grow."""
        with self.log.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    def lines(self) -> list[bytes]:
        """Return the lines that Telegraf has written; a kill of it leaves half ones."""
        files = sorted((self.folder / "out").glob("esa-auth*json"))
        return [line for file in files for line in file.read_bytes().splitlines()]

    def written(self) -> list[Json]:
        """Return the events or metrics in the lines that are whole."""
        found = []
        for line in self.lines():
            with suppress(orjson.JSONDecodeError):
                found.append(orjson.loads(line))
        return found

    def events(self) -> dict[str, Json]:
        """Return the events of `tail.conf`, by `event.id`."""
        return {event["event"]["id"]: event for event in self.written()}


def has_read(process: int, file: Path) -> bool:
    """Return whether a process has ``file`` open and stands at its end."""
    with suppress(FileNotFoundError):
        for opened in Path(f"/proc/{process}/fd").iterdir():
            if opened.readlink() == file:
                place = Path(f"/proc/{process}/fdinfo/{opened.name}").read_text()
                return int(place.split()[1]) == file.stat().st_size
    return False


@pytest.fixture(scope="module")
def expected() -> dict[str, Json]:
    """The events of the direct run, by `event.id`."""
    present()
    return made_of(LINES)


def test_what_arrives_is_what_tail_writes(
    tmp_path: Path, expected: dict[str, Json]
) -> None:
    """Each event once, in its order, to the letter the same."""
    bench = Bench(tmp_path, "tail", "1s")
    bench.write([b"no log", *LINES])
    with bench.running():
        until(lambda: len(bench.events()) >= len(expected), bench.told)
    assert bench.written() == list(expected.values())
    account = account_of(log_of(bench))
    assert account.lines == len(LINES) + 1
    assert account.events == len(expected)


def log_of(bench: Bench) -> str:
    """Return our messages, without their times."""
    text = (bench.folder / "esa-auth.log").read_text()
    return re.sub(r"(?m)^\S+ esa-auth\[\d+\]: ", "esa-auth: ", text)


def test_each_metric_is_an_event(tmp_path: Path, expected: dict[str, Json]) -> None:
    """With the fields of the event, flat, and its own time."""
    bench = Bench(tmp_path, "filter", "1s")
    with bench.running():
        bench.write([b"no log", *LINES])
        until(lambda: len(bench.written()) >= len(expected), bench.told)
    metrics = bench.written()
    assert [metric["fields"] for metric in metrics] == list(
        map(flat, expected.values())
    )
    times = [metric["timestamp"] for metric in metrics]
    assert times == [seconds(event["@timestamp"]) for event in expected.values()]
    assert account_of(log_of(bench)).events == len(expected)


def seconds(time: str) -> int:
    """Return a time as Telegraf writes it."""
    return int(datetime.fromisoformat(time).timestamp())


def flat(event: Json) -> Json:
    """Return the fields that Telegraf's parser makes of an event."""
    found: Json = {}
    for key, value in event.items():
        if isinstance(value, list):
            found |= flat({f"{key}_{at}": item for at, item in enumerate(value)})
        elif isinstance(value, dict):
            found |= flat({f"{key}_{name}": item for name, item in value.items()})
        elif key != "@timestamp" and value is not None:
            found[key] = value
    return found


@pytest.mark.slow
def test_nothing_is_lost_when_we_are_killed(
    tmp_path: Path, expected: dict[str, Json]
) -> None:
    """Five times, while the log grows and one host runs on: it reads what we left."""
    bench = Bench(tmp_path, "tail", "1s")
    kills_of_us(bench, PARTS, bench.events, expected)
    repeated = len(bench.written()) - len(expected)
    print(f"{len(expected)} events, lost 0, {repeated=}")
    assert bench.events() == expected


@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_made_up_when_the_host_ends(
    kill: signal.Signals, tmp_path: Path, expected: dict[str, Json]
) -> None:
    """Four times, while the log grows. A kill loses what Telegraf has not written."""
    bench = Bench(tmp_path, "tail", "1s")
    lost = ends_of_the_host(bench, PARTS, bench.events, expected, kill)
    repeated = len(bench.written()) - len(bench.events())
    print(f"{kill.name}: {len(expected)} events, {lost=}, {repeated=}")
    assert kill == signal.SIGKILL or lost <= IN_A_PIPE


def test_a_line_that_a_kill_has_cut_goes_nowhere(
    tmp_path: Path, expected: dict[str, Json]
) -> None:
    """The pipe is full when we are killed, for Telegraf stands still."""
    bench = Bench(tmp_path, "tail", "1s")
    with bench.running() as host:
        bench.write(PARTS[0])
        until(bench.events, bench.told)
        (child,) = children(host.pid)
        host.send_signal(signal.SIGSTOP)
        bench.write(PARTS[1])
        until(lambda: waiting(child) > ALMOST_FULL, "nobody writes")
        assert kill_children(host.pid)
        host.send_signal(signal.SIGCONT)
        for part in PARTS[2:]:
            bench.write(part)
        last = list(expected)[-1]
        until(lambda: last in bench.events(), bench.told)
    assert all(map(orjson.loads, bench.lines()))
    assert bench.events().items() <= expected.items()
    print(f"lost {len(expected) - len(bench.events())}")


@pytest.mark.parametrize("name", ["tail", "filter"])
def test_a_long_name_holds_up_nobody(tmp_path: Path, name: str) -> None:
    """Telegraf's processor stands still for ever at an answer of 256 KiB."""
    present()
    long, longest = session(801, b"\x01" * 5_000), session(802, b"u" * 65_400)
    others = traffic("esa01", 300, 2)
    # filter.yaml has max_line.
    kept = longest if name == "tail" else longest[::2]
    expected = made_of([*long, *kept, *others])
    bench = Bench(tmp_path, name, "1s")
    with bench.running():
        bench.write([*long, *longest, *others])
        until(lambda: len(bench.written()) >= len(expected), bench.told)
    shape = flat if name == "filter" else dict
    assert [e.get("fields", e) for e in bench.written()] == [
        shape(event) for event in expected.values()
    ]


def session(icid: int, name: bytes) -> list[bytes]:
    """Return a session with one attempt."""
    head = b"<22>Mar 17 10:00:00 esa01 mail_logs: Info: "
    number = b"%d" % icid
    return [
        head + b"New SMTP ICID " + number + b" interface Data 1 (192.0.2.1) address "
        b"198.51.100.1 reverse dns host unknown verified no",
        head
        + b"SMTP Auth: (ICID "
        + number
        + b") failed for user: "
        + name
        + b" using "
        b"AUTH mechanism: PLAIN with profile: staff",
        head + b"ICID " + number + b" close",
    ]


def waiting(process: int) -> int:
    """Return how many bytes of a process's stdout, a pipe, nobody has read."""
    with Path(f"/proc/{process}/fd/1").open("rb", buffering=0) as pipe:
        found = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(found, sys.byteorder)

"""Ends of a host, and of us below it, while a log grows."""

import signal
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol

from tests.shippers.hosts import Process, kill_children, until
from tests.support.process import esa_auth

Events = Mapping[str, dict[str, Any]]


class Bench(Protocol):
    """A host with a shipped configuration, before a log."""

    def running(self) -> AbstractContextManager[Process]: ...

    def write(self, lines: list[bytes]) -> None: ...

    def told(self) -> str: ...


def shares(lines: list[bytes], parts: int) -> list[list[bytes]]:
    """Return the lines in as many parts."""
    size = len(lines) // parts + 1
    return [lines[at : at + size] for at in range(0, len(lines), size)]


def made_of(lines: list[bytes]) -> dict[str, dict[str, Any]]:
    """Return the events of a direct run, by `event.id`."""
    stdin = b"".join(line + b"\n" for line in lines)
    ended = esa_auth("filter", "--timezone", "UTC", stdin=stdin)
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


def kills_of_us(
    bench: Bench,
    parts: list[list[bytes]],
    delivered: Callable[[], Events],
    expected: Events,
) -> None:
    """Kill -9 esa-auth in each part; the one host goes on until it has all events."""
    with bench.running() as host:
        for part in parts:
            before = len(delivered())
            bench.write(part)
            until(partial(_more, delivered, before), bench.told)
            until(partial(kill_children, host.pid), "it is not started again")
        while (had := len(delivered())) < len(expected):
            until(partial(_more, delivered, had), bench.told)


def _more(delivered: Callable[[], Events], had: int) -> bool:
    return len(delivered()) > had


def ends_of_the_host(
    bench: Bench,
    parts: list[list[bytes]],
    delivered: Callable[[], Events],
    expected: Events,
    kill: signal.Signals,
) -> int:
    """End the host in each part but the last; return how many events are lost."""
    for part in parts[:-1]:
        with bench.running() as host:
            before = len(delivered())
            bench.write(part)
            until(partial(_more, delivered, before), bench.told)
            host.send_signal(kill)
            host.wait()
    with bench.running():
        bench.write(parts[-1])
        last = list(expected)[-1]
        until(lambda: last in delivered(), bench.told)
    found = delivered()
    assert found.items() <= expected.items()
    return len(expected) - len(found)

"""The table of examples/hosts: each host killed, stopped, and its receiver away.

A cell is printed as the table has it. By hand, with the programs in PATH, for it takes
about half an hour:

    ESA_AUTH_SOAK=1 python -m pytest -s tests/shippers/test_host_table.py
"""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.shippers.appliance import traffic
from tests.shippers.endings import made_of, shares
from tests.shippers.hosts import Process, until
from tests.shippers.setups import SETUPS, Setup, kill, kill_us
from tests.shippers.test_telegraf import flat
from tests.soak.sizes import FULL, show
from tests.support.checkout import needs_checkout

pytestmark = needs_checkout
if not FULL:
    pytest.skip("not run: half an hour, by hand", allow_module_level=True)

LINES = traffic("esa01", 9_000, 1)
STARTS = 5
# Lines that come at once while esa-auth is not there: 500 a second.
PIECE = 50
# Seconds that a receiver is down.
OUTAGE = 60
# Seconds without another event after which no more is waited for. Hosts ask an end that
# was away ever more rarely.
QUIET, QUIET_AFTER_OUTAGE = 20, 90
# esa-auth stands before these and is acknowledged: nothing may be lost, whatever dies.
ACKNOWLEDGED = {("fluentd", "forward.conf"), ("vector", "forward.yaml")}
Json = dict[str, Any]


@pytest.fixture(scope="module")
def expected() -> dict[str, Json]:
    """The events of the direct run, by `event.id`."""
    return made_of(LINES)


@dataclass(frozen=True)
class Row:
    """A cell of the table."""

    lost: int
    phantom: int
    wrong: int
    repeated: int


def judged(setup: Setup, expected: dict[str, Json]) -> Row:
    """Compare what arrived with the direct run."""
    events = setup.events()
    by_id = {id_of(event): event for event in events}
    lines = {line.decode() for line in LINES}
    right = expected
    if "event_id" in events[0]:
        right = {i: flat(event) for i, event in expected.items()}
    wrong = [i for i, event in by_id.items() if event != right.get(i)]
    phantom = [i for i in wrong if flat(by_id[i])["event_original"] not in lines]
    return Row(
        len(expected.keys() - by_id.keys()),
        len(phantom),
        len(wrong) - len(phantom),
        len(events) - len(by_id) + setup.repeated(),
    )


def id_of(event: Json) -> str:
    """Return the id of an event, or of Telegraf's flat one."""
    found: str = event["event_id"] if "event_id" in event else event["event"]["id"]
    return found


def last(setup: Setup, part: list[bytes], count: int) -> None:
    """Write the last part; a host that has just been started may need its time."""
    before = len(found(setup))
    setup.write(part)
    if before < count:
        until(more(setup, before), "no events")
    settle([setup], count, QUIET)


def settle(setups: list[Setup], count: int, quiet: float) -> None:
    """Wait for ``count`` events of each, or for ``quiet`` seconds without one."""
    had, since = -1, time.monotonic()
    while had < count * len(setups) and time.monotonic() - since < quiet:
        if (now := sum(len(found(setup)) for setup in setups)) != had:
            had, since = now, time.monotonic()
        time.sleep(0.2)
    # For what comes again.
    time.sleep(2)


def found(setup: Setup) -> set[str]:
    """Return the ids of the events that have arrived."""
    return {id_of(event) for event in setup.events()}


def more(setup: Setup, before: int) -> Callable[[], bool]:
    def true() -> bool:
        time.sleep(0.1)
        return len(found(setup)) > before

    return true


@pytest.mark.parametrize(
    ("host", "name"), [case for case in SETUPS if case not in ACKNOWLEDGED]
)
def test_esa_auth_is_killed(
    host: str, name: str, tmp_path: Path, expected: dict[str, Json]
) -> None:
    """Four times, while lines come and the host runs on."""
    setup = SETUPS[host, name](tmp_path, name)
    parts = shares(LINES, STARTS)
    with setup.receiver(), setup.beside, setup.running() as running:
        for part in parts[:-1]:
            before, half = len(found(setup)), len(part) // 2
            setup.write(part[:half])
            until(more(setup, before), "no events")
            until(lambda: kill_us(running), "it is not started again")
            for at in range(half, len(part), PIECE):
                setup.write(part[at : at + PIECE])
                time.sleep(0.1)
        last(setup, parts[-1], len(expected))
    row = judged(setup, expected)
    show(f"{host} {name} kill of us", of=len(expected), **vars(row))
    assert row.phantom == 0


def stop(host: Process) -> None:
    host.send_signal(signal.SIGTERM)
    host.wait()


@pytest.mark.parametrize("how", [kill, stop])
@pytest.mark.parametrize(("host", "name"), SETUPS)
def test_the_host_ends(
    host: str,
    name: str,
    how: Callable[[Process], None],
    tmp_path: Path,
    expected: dict[str, Json],
) -> None:
    """Four times, while the log grows."""
    setup = SETUPS[host, name](tmp_path, name)
    parts = shares(LINES, STARTS)
    with setup.receiver(), setup.beside:
        for part in parts[:-1]:
            with setup.running() as running:
                before, half = len(found(setup)), len(part) // 2
                setup.write(part[:half] if setup.is_file else part)
                until(more(setup, before), "no events")
                how(running)
            # An appliance waits with what it pushes; a file grows all the same.
            if setup.is_file:
                setup.write(part[half:])
        with setup.running():
            last(setup, parts[-1], len(expected))
    row = judged(setup, expected)
    show(f"{host} {name} {how.__name__}", of=len(expected), **vars(row))
    assert row.phantom == 0
    if (host, name) in ACKNOWLEDGED:
        assert (row.lost, row.wrong) == (0, 0)


# Telegraf's shipped output is a file.
AWAY = [case for case in SETUPS if case[0] != "telegraf"]


@pytest.fixture(scope="module")
def after_outage(
    tmp_path_factory: pytest.TempPathFactory, expected: dict[str, Json]
) -> dict[tuple[str, str], Setup | str]:
    """All hosts that are there, and one outage for all of them; or why one is not."""
    setups: dict[tuple[str, str], Setup | str] = {}
    for host, name in AWAY:
        try:
            folder = tmp_path_factory.mktemp(f"{host}-{name}")
            setups[host, name] = SETUPS[host, name](folder, name)
        except pytest.skip.Exception as reason:
            setups[host, name] = str(reason)
    there = [setup for setup in setups.values() if isinstance(setup, Setup)]
    first, second, third = shares(LINES, 3)
    with ExitStack() as stack:
        with ExitStack() as up:
            for setup in there:
                up.enter_context(setup.receiver())
                stack.enter_context(setup.beside)
                stack.enter_context(setup.running())
                setup.write(first)
                until(more(setup, 10), "no events")
        for setup in there:
            setup.write(second)
        time.sleep(OUTAGE)
        for setup in there:
            setup.write(third)
            stack.enter_context(setup.receiver())
        settle(there, len(expected), QUIET_AFTER_OUTAGE)
    return setups


@pytest.mark.parametrize(("host", "name"), AWAY)
def test_the_receiver_is_down(
    host: str,
    name: str,
    after_outage: dict[tuple[str, str], Setup | str],
    expected: dict[str, Json],
) -> None:
    """For a minute: the host's queue, or the log, holds what comes."""
    setup = after_outage[host, name]
    if isinstance(setup, str):
        pytest.skip(setup)
    row = judged(setup, expected)
    show(f"{host} {name} receiver {OUTAGE} s", of=len(expected), **vars(row))
    assert (row.lost, row.phantom, row.wrong) == (0, 0, 0)

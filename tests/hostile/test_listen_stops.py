"""A listener that is stopped, killed or asleep: what is lost is bounded, and said."""

import os
import re
import socket
from functools import partial
from pathlib import Path

from tests.shippers.appliance import push_udp, traffic
from tests.shippers.hosts import until
from tests.support.harness import native
from tests.support.listening import Listening, connected, direct, newlines, send

LINES = traffic("esa01", 3_000, 1)


def test_an_orderly_stop_reads_what_has_been_sent(tmp_path: Path) -> None:
    """It is in the buffers of the system, of TCP and of UDP."""
    other = traffic("esa02", 150, 2)
    with Listening(tmp_path, schemes="tcp udp") as listening:
        os.kill(listening.process.pid, 19)
        with connected(listening) as sender:
            sender.sendall(newlines(LINES))
            push_udp(listening.port, other)
            os.kill(listening.process.pid, 15)
            os.kill(listening.process.pid, 18)
            account = listening.stop()
    assert account.lines == len(LINES) + len(other)
    assert listening.by_id() == direct(LINES) | direct(other)


def test_kill_9_forgets_no_session_that_is_saved(tmp_path: Path) -> None:
    """Killed eight times, each time when what was sent is written and saved."""
    words = ["--state-dir", str(tmp_path / "state")]
    step = len(LINES) // 8 + 1
    parts = [LINES[at : at + step] for at in range(0, len(LINES), step)]
    expected = direct(LINES)
    with Listening(tmp_path, *words) as listening:
        sent: list[bytes] = []
        for part in parts:
            sent += part
            send(listening, newlines(part))
            listening.has(len(complete(direct(sent))))
            saved(listening)
            listening.kill()
            listening.start()
        listening.stop()
    assert listening.by_id() == expected
    assert len(listening.events()) == len(expected)


def complete(events: dict[str, object]) -> dict[str, object]:
    """Leave out what `filter` writes of open sessions at the end of its input."""
    return {i: e for i, e in events.items() if "input_ended" not in str(e)}


def saved(listening: Listening) -> None:
    """Wait for two new checkpoints; the first may have been begun before."""
    state = listening.folder / "state"
    # A line that nothing is made of has the next one written.
    for _ in range(2):
        before = checkpoints(state)
        send(listening, newlines([native("MID 1 queued for delivery")]))
        until(partial(are_others, state, before), "nothing is saved")


def are_others(state: Path, before: set[tuple[int, int]]) -> bool:
    return checkpoints(state) != before


def checkpoints(state: Path) -> set[tuple[int, int]]:
    """Return what tells two checkpoints apart.

    A file's time lags behind the clock by some milliseconds, so it is compared with
    that of another file, and not with the clock.
    """
    found = [file.stat() for file in state.glob("checkpoint.[ab]")]
    return {(status.st_ino, status.st_mtime_ns) for status in found}


def test_kill_9_under_load_makes_nothing_up(tmp_path: Path) -> None:
    """What the system had received is lost; what comes after is read as ever."""
    words = ["--state-dir", str(tmp_path / "state")]
    lines = traffic("esa01", 12_000, 4)
    expected = direct(lines)
    step = len(lines) // 60
    with Listening(tmp_path, *words) as listening:
        kills = 0
        for number, at in enumerate(range(0, len(lines), step)):
            send(listening, newlines(lines[at : at + step]))
            if number % 15 == 7:
                listening.kill()
                kills += 1
                listening.start()
            else:
                until(partial(is_quiet, listening), "it never comes to rest")
        listening.stop()
    assert kills == 4
    found = listening.by_id()
    originals = {line.decode() for line in lines}
    for event_id, event in found.items():
        # A line that came after a kill may be the first of its bytes in its second.
        assert event["event"].get("original", "") in {"", *originals}
        if event["cisco_esa"]["session"]["context"] == "complete":
            known = expected.get(event_id)
            assert known is None or same_session(event, known)
    # What was sent in the moment of each kill, and no more.
    assert len(found) > len(expected) * 8 // 10


def is_quiet(listening: Listening) -> bool:
    """Return whether it has no more to read, as Linux says."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    here = f":{listening.port:04X}"
    mine = [row.split() for row in rows if here in row.split()[1]]
    return all(row[4].endswith(":00000000") for row in mine)


def same_session(one: dict[str, object], other: object) -> bool:
    """Return whether both say the same of who connected."""
    assert isinstance(other, dict)
    return one.get("source") == other.get("source")


def test_the_number_of_datagrams_that_the_system_dropped_is_said(
    tmp_path: Path,
) -> None:
    """Sent while we sleep, more than any buffer holds."""
    many = [native("MID 1 queued for delivery") + b" " * 1200] * 8_000
    with Listening(tmp_path, schemes="udp") as listening:
        os.kill(listening.process.pid, 19)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for line in many:
                sender.sendto(line, ("127.0.0.1", listening.port))
        os.kill(listening.process.pid, 18)
        until(lambda: received(listening), "nothing came")
        # The sum comes with the next datagram.
        push_udp(listening.port, many[:1])
        account = listening.stop()
    found = re.search(r"(\d+) datagrams, (\d+) dropped", listening.said())
    assert found is not None
    assert int(found[1]) == account.lines
    assert int(found[1]) + int(found[2]) == len(many) + 1
    assert int(found[2]) > 0


def received(listening: Listening) -> bool:
    """Return whether its buffer is empty, as Linux says."""
    rows = Path("/proc/net/udp").read_text().splitlines()[1:]
    mine = [row.split() for row in rows if f":{listening.port:04X} " in row]
    return all(row[4].endswith(":00000000") for row in mine)

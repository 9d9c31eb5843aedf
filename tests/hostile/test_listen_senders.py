"""Senders who mean no good, and a listener that is killed."""

import os
import re
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.shippers.appliance import push_udp, traffic
from tests.shippers.hosts import until
from tests.support.harness import inbound, native, syslog
from tests.support.listening import (
    Listening,
    connected,
    direct,
    is_closed,
    newlines,
    send,
)
from tests.support.process import Running

LINES = traffic("esa01", 3_000, 1)
# MiB that a listener may grow by, whoever sends.
GROWTH = 24


@contextmanager
def files(number: int) -> Iterator[None]:
    """Let this process have as many open files, or end the test as not run."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < number:
        pytest.skip(f"only {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def configured(folder: Path, **limits: int) -> list[str]:
    """Return the options of a listener with these limits."""
    file = folder / "c.yaml"
    text = "".join(f"  {name}: {value}\n" for name, value in limits.items())
    file.write_text(f"listen:\n{text}")
    return ["--config", str(file)]


@pytest.mark.parametrize("start", [b"", b"200000000 "])
def test_a_line_without_end_costs_no_memory_and_nobody_else(
    start: bytes, tmp_path: Path
) -> None:
    """200 MB, by newlines and as one counted message; what comes after it is read."""
    with Listening(tmp_path) as listening:
        send(listening, newlines(LINES[:1]))
        before = listening.memory
        with connected(listening) as endless, connected(listening) as other:
            piece = b"x" * (1 << 20)
            endless.sendall(start + piece)
            left = 200_000_000 - len(piece)
            other.sendall(newlines(LINES))
            while left > 0:
                endless.sendall(piece[:left])
                left -= len(piece)
            assert listening.memory - before < GROWTH
            last = syslog(inbound(9))
            endless.sendall(b"%d %b" % (len(last), last) if start else b"\n" + last)
            endless.sendall(b"" if start else b"\n")
            listening.has(len(direct(LINES)) + 1)
        account = listening.stop()
    # One for the line before, one for the endless one, one for that behind it.
    assert account.lines == len(LINES) + 3
    assert "user: ann" in str(listening.events()[-2])


def test_a_counted_message_without_a_length_ends_its_connection_only(
    tmp_path: Path,
) -> None:
    dead = tmp_path / "dead"
    with Listening(tmp_path, "--dead-letter", str(dead)) as listening:
        with connected(listening) as odd, connected(listening) as other:
            odd.sendall(b"5 hello" + LINES[0] + b"\n" + LINES[1])
            assert is_closed(odd)
            other.sendall(newlines(LINES))
        account = listening.stop()
    assert account.rejected == 1
    assert account.lines == len(LINES) + 2
    assert b"no length where the next message begins" in dead.read_bytes()
    assert listening.by_id() == direct(LINES)


@pytest.mark.parametrize("number", [b"0 x", b"9999999999 x", b"-1 x", b"00000000001 x"])
def test_no_length_is_believed_that_none_can_have(
    number: bytes, tmp_path: Path
) -> None:
    """They begin no counted message: each is a line, of no log."""
    with Listening(tmp_path) as listening:
        before = listening.memory
        send(listening, number + b"\n")
        account = listening.stop() if listening.memory - before < GROWTH else None
    assert account is not None
    assert (account.lines, account.ignored) == (1, 1)


def test_one_sender_has_its_share_of_connections_and_no_more(tmp_path: Path) -> None:
    words = configured(tmp_path, max_connections=8, max_per_sender=4)
    with Listening(tmp_path, *words) as listening, ExitStack() as held:
        taken = [held.enter_context(connected(listening)) for _ in range(4)]
        for sender in taken:
            sender.sendall(newlines(LINES[:1]))
        assert is_closed(held.enter_context(connected(listening)))
        held.enter_context(connected(listening, "127.0.0.2")).sendall(newlines(LINES))
        listening.has(len(direct(LINES, "127.0.0.2")))
        # One that goes makes room.
        taken[0].close()
        until(lambda: not refused(listening), "its place stays taken")
        account = listening.stop()
    assert account.lines == len(LINES) + 4
    assert listening.said().count("listen.max_per_sender") == 1
    assert re.search(r"of \d+ connections, \d+ refused", listening.said())


def refused(listening: Listening) -> bool:
    """Return whether a new sender is sent away, as told by a moment of silence."""
    with connected(listening) as sender:
        sender.settimeout(0.5)
        try:
            return sender.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True


def test_ten_thousand_connections_leave_room_for_who_is_there(tmp_path: Path) -> None:
    """Held, half of them silent and half inside a line; and then more than may be."""
    words = configured(tmp_path, max_connections=9_990, max_per_sender=9_990)
    with files(11_000), Listening(tmp_path, *words) as listening, ExitStack() as held:
        known = held.enter_context(connected(listening))
        known.sendall(newlines(LINES[:10]))
        before = listening.memory
        others = [held.enter_context(connected(listening)) for _ in range(10_000)]
        for sender in others[:9_900:2]:
            sender.sendall(b"<22>")
        until(lambda: "listen.max_connections" in listening.said(), "all are taken")
        known.sendall(newlines(LINES[10:]))
        listening.has(len(direct(LINES)))
        assert listening.memory - before < 4 * GROWTH
        account = listening.stop()
    assert listening.by_id().items() >= direct(LINES).items()
    # A half line is kept as a dead letter.
    assert account.rejected == 4_950
    assert account.lines == len(LINES) + 4_950


def test_slow_senders_hold_up_nobody(tmp_path: Path) -> None:
    with Listening(tmp_path) as listening, ExitStack() as held:
        slow = [held.enter_context(connected(listening)) for _ in range(50)]
        first = syslog(inbound(9), host="esa02")
        for at in range(len(first)):
            for sender in slow:
                sender.sendall(first[at : at + 1])
            if at == 20:
                send(listening, newlines(LINES))
                listening.has(len(direct(LINES)))
        for sender in slow:
            sender.sendall(b"\n")
        listening.has(len(direct(LINES)) + len(slow))
        account = listening.stop()
    assert account.lines == len(LINES) + len(slow)


def test_senders_of_tcp_wait_while_nobody_reads_our_events(tmp_path: Path) -> None:
    """Nothing is lost by it, and memory does not grow."""
    port = Listening(tmp_path).port
    lines = traffic("esa01", 40_000, 3)
    with Running("listen", f"tcp://127.0.0.1:{port}", "--timezone", "UTC") as running:
        until(lambda: answers(port), "it does not listen")
        with socket.create_connection(("127.0.0.1", port)) as sender:
            data = memoryview(newlines(lines))
            sender.settimeout(3)
            sent = 0
            try:
                while sent < len(data):
                    sent += sender.send(data[sent : sent + (1 << 16)])
            except TimeoutError:
                pass
            assert sent < len(data), "the sender was never made to wait"
            sender.settimeout(None)
            expected = direct(lines)
            found: dict[str, object] = {}
            while len(found) < len(expected):
                event = running.next_event()
                found[event["event"]["id"]] = event
                while sent < len(data):
                    sender.setblocking(False)
                    try:
                        sent += sender.send(data[sent : sent + (1 << 16)])
                    except BlockingIOError:
                        break
        running.signal(15)
        running.finish().assert_complete()
    assert found == expected


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionError:
        return False
    return True


# ---- stops and kills ----------------------------------------------------------------


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

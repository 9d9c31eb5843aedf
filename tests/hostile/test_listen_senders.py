"""Senders who mean no good, and what they cost the others."""

import re
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.shippers.appliance import traffic
from tests.shippers.hosts import until
from tests.support.harness import inbound, syslog
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

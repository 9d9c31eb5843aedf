"""`esa-auth listen`: what is sent becomes the events that `filter` makes of it."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.shippers.appliance import push_udp
from tests.support.listening import (
    LINES,
    UNNAMED,
    Lines,
    Listening,
    connected,
    counted,
    direct,
    newlines,
    send,
)
from tests.support.ports import free_port
from tests.support.process import esa_auth

FORGED = (
    b"<22>Mar 17 10:00:00 esa01 mail_logs: Info: MID 1 Subject 'x\n"
    b"<22>Mar 17 10:00:00 esa01 mail_logs: Info: SMTP Auth: (ICID 1) succeeded "
    b"for user: forged using AUTH mechanism: PLAIN with profile: staff"
)


@pytest.mark.parametrize("framed", [newlines, counted])
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_tcp_in_pieces_of_any_size(
    framed: Callable[[Lines], bytes], size: int, tmp_path: Path
) -> None:
    lines = UNNAMED[:60] if size == 1 else UNNAMED
    expected = direct(lines)
    with Listening(tmp_path) as listening:
        data = framed(lines)
        with connected(listening) as sender:
            sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(data), size):
                sender.sendall(data[at : at + size])
        account = listening.stop()
    assert account.lines == len(lines)
    assert account.rejected == 0
    assert closed(listening.by_id()) == closed(expected)


def closed(events: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """Leave out the ends of sessions that were open at the end of the input."""
    return {i: e for i, e in events.items() if "input_ended" not in str(e)}


def test_a_carriage_return_before_the_line_feed_is_no_part_of_it(
    tmp_path: Path,
) -> None:
    with Listening(tmp_path) as listening:
        send(listening, b"".join(line + b"\r\n" for line in LINES))
        listening.stop()
    assert listening.by_id() == direct(LINES)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\0"])
def test_udp(end: bytes, tmp_path: Path) -> None:
    with Listening(tmp_path) as listening:
        push_udp(listening.port, [line + end for line in UNNAMED])
        account = listening.stop()
    assert account.lines == len(UNNAMED)
    assert listening.by_id() == direct(UNNAMED)


def test_a_unix_socket(tmp_path: Path) -> None:
    with Listening(tmp_path, "--appliance", "esa07") as listening:
        assert listening.path.stat().st_mode & 0o777 == 0o660
        with socket.socket(socket.AF_UNIX) as sender:
            sender.connect(str(listening.path))
            sender.sendall(newlines(UNNAMED))
        listening.stop()
    assert not listening.path.exists()
    assert {e["observer"]["name"] for e in listening.events()} == {"esa07"}
    assert len(listening.events()) == len(direct(UNNAMED))


def test_a_line_feed_inside_a_name_becomes_a_blank(tmp_path: Path) -> None:
    """The line is one, and is read."""
    auth = next(line for line in LINES if b"SMTP Auth: " in line)
    odd = auth.replace(b"for user: ", b"for user: a\nb")
    with Listening(tmp_path) as listening:
        send(listening, counted([odd]))
        push_udp(listening.port, [odd])
        account = listening.stop()
    assert (account.lines, account.results) == (2, 2)
    results = [e for e in listening.events() if e["event"]["type"] == ["start"]]
    assert {e["user"]["name"][:3] for e in results} == {"a b"}


@pytest.mark.parametrize("framed", [counted, lambda lines: b"".join(lines)])
def test_a_line_feed_in_a_message_makes_no_second_line(
    framed: Callable[[Lines], bytes], tmp_path: Path
) -> None:
    with Listening(tmp_path) as listening:
        if framed is counted:
            send(listening, counted([FORGED]))
        else:
            push_udp(listening.port, [FORGED])
        account = listening.stop()
    assert account.lines == 1
    assert listening.events() == []


def test_two_senders_of_the_same_numbers_are_two_appliances(tmp_path: Path) -> None:
    """Line by line in turn, with the ICIDs of one another."""
    config = tmp_path / "c.yaml"
    config.write_text("appliances: {left: {addresses: [127.0.0.2]}}\n")
    with (
        Listening(tmp_path, "--config", str(config)) as listening,
        connected(listening, "127.0.0.2") as left,
        connected(listening, "127.0.0.3") as right,
    ):
        for line in UNNAMED:
            left.sendall(line + b"\n")
            right.sendall(b"%d %b" % (len(line), line))
        listening.stop()
    expected = direct(UNNAMED, "127.0.0.2", "--config", str(config))
    expected |= direct(UNNAMED, "127.0.0.3")
    assert listening.by_id() == expected
    names = {event["observer"]["name"] for event in listening.events()}
    assert names == {"left", "127.0.0.3"}


@pytest.mark.parametrize("form", ["sender", "auto"])
def test_a_relay_says_whose_a_line_is(form: str, tmp_path: Path) -> None:
    """By the address before the line, or in a record."""
    with Listening(tmp_path, "--input", form) as listening:
        if form == "sender":
            data = newlines([b"192.0.2.9 " + line for line in UNNAMED])
        else:
            data = newlines(
                [b'{"message": "%b", "host": "192.0.2.9"}' % line for line in UNNAMED]
            )
        send(listening, data)
        listening.stop()
    assert listening.by_id() == direct(UNNAMED, "192.0.2.9")


def test_each_address_has_its_counters(tmp_path: Path) -> None:
    metrics = free_port()
    with Listening(tmp_path, "--metrics", f"127.0.0.1:{metrics}") as listening:
        send(listening, newlines(LINES))
        push_udp(listening.port, UNNAMED)
        listening.has(len(direct(LINES)) + len(direct(UNNAMED)))
        with urlopen(f"http://127.0.0.1:{metrics}/metrics") as answer:
            text = answer.read().decode()
        listening.stop()
    tcp, udp = (f'listener="{x}://127.0.0.1:{listening.port}"' for x in ("tcp", "udp"))
    assert f"esa_auth_listen_messages_total{{{tcp}}} {len(LINES)}.0" in text
    assert f"esa_auth_listen_messages_total{{{udp}}} {len(UNNAMED)}.0" in text
    assert f"esa_auth_listen_accepted_total{{{tcp}}} 1.0" in text
    assert f"esa_auth_listen_dropped_total{{{udp}}} 0.0" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ["listen.addresses", "needs one"]),
        (["tcp:514"], ["listen.addresses", "tcp:514"]),
        (["http://127.0.0.1:1"], ["listen.addresses", "expected tcp://"]),
        (["tcp://127.0.0.1:99999"], ["listen.addresses"]),
        (["tcp://::1:514"], ["listen.addresses", "brackets"]),
        (["tcp://192.0.2.1:1514"], ["listen.addresses", "192.0.2.1"]),
        (["tls://127.0.0.1:0"], ["listen.tls.cert_file"]),
        (["unix:relative"], ["listen.addresses"]),
        (["tcp://127.0.0.1:0", "--input", "msgpack"], ["input.format"]),
    ],
)
def test_what_cannot_be_listened_at_is_refused(
    words: list[str], said: list[str]
) -> None:
    esa_auth("listen", *words).assert_refused(*said)


def test_an_address_that_is_taken_is_refused(tmp_path: Path) -> None:
    with Listening(tmp_path) as listening:
        taken = esa_auth("listen", f"tcp://127.0.0.1:{listening.port}")
        taken.assert_refused("listen.addresses", "in use")
        taken = esa_auth("listen", f"unix:{listening.path}")
        taken.assert_refused("listen.addresses", "another process listens")
    file = tmp_path / "file"
    file.write_text("kept")
    esa_auth("listen", f"unix:{file}").assert_refused("is no socket")
    assert file.read_text() == "kept"


def test_the_socket_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    with Listening(tmp_path) as listening:
        listening.kill()
        assert listening.path.exists()
        listening.start()
        listening.stop()


def test_a_half_line_is_a_dead_letter_and_no_event(tmp_path: Path) -> None:
    """TCP does not say whether the sender was done."""
    auth = next(line for line in LINES if b"SMTP Auth" in line)
    for number, data in enumerate((auth[:-3], b"%d %b" % (len(auth), auth[:-3]))):
        folder = tmp_path / str(number)
        os.mkdir(folder)
        dead = folder / "dead"
        with Listening(folder, "--dead-letter", str(dead)) as listening:
            send(listening, data)
            account = listening.stop()
        assert (account.events, account.rejected) == (0, 1)
        assert b'"type":"cut"' in dead.read_bytes()
        assert b'"name":"127.0.0.1"' in dead.read_bytes()

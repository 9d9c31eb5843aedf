"""What a socket of datagrams gives, and what the system dropped before it was read."""

import socket
from collections.abc import Iterator

import pytest

from esa_auth.inputs.listen.connection import Counters, Forms
from esa_auth.inputs.listen.datagrams import Datagrams
from esa_auth.inputs.listen.endpoint import OVERFLOW
from esa_auth.inputs.records import Keys, Terms

LINE = b"<22>Apr 22 11:00:00 esa01 mail_logs: Info: " + b"x" * 900


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket with room for a few datagrams, and one that sends to it."""
    here, there = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "12")
    with here, there:
        here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        here.setsockopt(socket.SOL_SOCKET, OVERFLOW, 1)
        here.setblocking(False)
        here.bind(("127.0.0.1", 0))
        there.connect(here.getsockname())
        yield here, there


def test_each_datagram_is_read_or_counted_as_dropped(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    here, there = pair
    counters = Counters()
    datagrams = Datagrams(here, counters, Forms("syslog", Terms(Keys(), 8192)))
    for _ in range(200):
        there.send(LINE)
    list(datagrams.receive())
    assert 0 < counters.messages < 200
    # The system says it with the next datagram that there is room for.
    there.send(LINE)
    list(datagrams.receive())
    assert counters.messages + counters.dropped == 201
    assert counters.received_bytes == counters.messages * len(LINE)
    there.send(LINE)
    list(datagrams.receive())
    assert counters.messages + counters.dropped == 202

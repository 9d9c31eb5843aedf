"""Ways in which a forward receiver can treat one chunk wrongly."""

import msgpack

from tests.support.forward_receiver import (
    Behaviour,
    Connection,
    Hangup,
    Received,
    ack,
    ack_of,
)


def silent(connection: Connection, received: Received) -> None:
    """Neither store nor answer, and keep the connection."""
    connection.stay_silent()


def mute(connection: Connection, received: Received) -> None:
    """The same, but the client's time does not run out."""


def stored_but_silent(connection: Connection, received: Received) -> None:
    connection.receiver.store(received)
    connection.stay_silent()


def close_at_once(connection: Connection, received: Received) -> None:
    raise Hangup


def store_and_close(connection: Connection, received: Received) -> None:
    connection.receiver.store(received)
    raise Hangup


def reset_at_once(connection: Connection, received: Received) -> None:
    connection.reset()


def store_and_reset(connection: Connection, received: Received) -> None:
    connection.receiver.store(received)
    connection.reset()


_ANOTHER = ack_of("AAAAAAAAAAAAAAAAAAAAAA==")


def ack_another(connection: Connection, received: Received) -> None:
    connection.send(_ANOTHER)
    connection.stay_silent()


def ack_another_and_close(connection: Connection, received: Received) -> None:
    connection.send(_ANOTHER)
    raise Hangup


def ack_another_then_this(connection: Connection, received: Received) -> None:
    connection.send(_ANOTHER)
    ack(connection, received)


def ack_twice(connection: Connection, received: Received) -> None:
    ack(connection, received)
    connection.send(ack_of(received.chunk))


def ack_half_and_close(connection: Connection, received: Received) -> None:
    connection.send(ack_of(received.chunk)[:9])
    raise Hangup


def ack_half_and_fall_silent(connection: Connection, received: Received) -> None:
    connection.send(ack_of(received.chunk)[:9])
    connection.stay_silent()


def ack_byte_by_byte(connection: Connection, received: Received) -> None:
    connection.receiver.store(received)
    for byte in ack_of(received.chunk):
        connection.send(bytes([byte]))


def ack_in_bytes(connection: Connection, received: Received) -> None:
    connection.receiver.store(received)
    connection.send(msgpack.packb({"ack": received.chunk.encode()}))


def ack_when_it_is_too_late(connection: Connection, received: Received) -> None:
    # The client has given up and closed once there is an end to read.
    connection.receiver.store(received)
    connection.stay_silent()
    while connection.sock.recv(4096):
        pass
    connection.send(ack_of(received.chunk))


def says(data: bytes) -> Behaviour:
    def behaviour(connection: Connection, received: Received) -> None:
        connection.send(data)
        connection.stay_silent()

    behaviour.__name__ = f"says {data[:20]!r}"
    return behaviour


def talks_for_ever(connection: Connection, received: Received) -> None:
    # A text of 4 GiB is announced, and its bytes keep coming.
    connection.send(b"\xdb\xff\xff\xff\xff")
    while True:
        connection.send(b"x" * 4096)


BEHAVIOURS = [
    silent,
    stored_but_silent,
    close_at_once,
    store_and_close,
    reset_at_once,
    store_and_reset,
    ack_another,
    ack_another_and_close,
    ack_another_then_this,
    ack_twice,
    ack_half_and_close,
    ack_half_and_fall_silent,
    ack_byte_by_byte,
    ack_in_bytes,
    ack_when_it_is_too_late,
    talks_for_ever,
    says(b"\xc1"),
    says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    says(msgpack.packb({"ack": None})),
    says(msgpack.packb({"ack": ["a"]})),
    says(msgpack.packb([1, 2])),
    says(msgpack.packb(["HELO", {"nonce": "n"}])),
    says(b"\x91" * 4000),
    says(b"\xdf\xff\xff\xff\xff"),
]

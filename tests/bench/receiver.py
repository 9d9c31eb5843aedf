"""An acknowledging forward receiver that ends when enough events have come.

``receiver.py CORE PORT EVENTS``. A script that imports little, for it takes its time
from what is measured when there is only one core.
"""

import os
import socket
import sys

import msgpack


def receive(listener: socket.socket, wanted: int) -> None:
    """Acknowledge every chunk, until ``wanted`` events have come."""
    connection, _ = listener.accept()
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=1 << 28)
    come = 0
    while come < wanted and (data := connection.recv(1 << 18)):
        unpacker.feed(data)
        for _tag, _entries, option in unpacker:
            come += option["size"]
            connection.sendall(msgpack.packb({"ack": option["chunk"]}))


if __name__ == "__main__":
    core, port, events = map(int, sys.argv[1:])
    os.sched_setaffinity(0, {core})
    receive(socket.create_server(("127.0.0.1", port)), events)

"""Ports of loopback for programs that open them later, each given away once."""

import fcntl
import os
import random
import socket
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

# Below the ports that Linux gives to outgoing connections (32768 and up), so that no
# client takes one between our look and the program's own bind.
_FIRST, _COUNT = 20_000, 10_000
_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody has, of UDP and of TCP, ours until this process ends.

    Two processes that share the tests are never given the same one. Raises OSError
    where none is left.
    """
    start = random.randrange(_COUNT)
    for tried in range(_COUNT):
        port = _FIRST + (start + tried) % _COUNT
        with suppress(OSError):
            if port not in _given:
                fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
                _given.add(port)
                _bind(port)
                return port
    raise OSError(f"none of {_COUNT} ports from {_FIRST} up is free")


@cache
def _locks() -> int:
    """Open the file whose byte N stands for port N, in all processes of a user."""
    path = Path(tempfile.gettempdir()) / f"esa-auth-test-ports-{os.getuid()}"
    return os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)


def _bind(port: int) -> None:
    """Take the port for a moment; OSError where somebody has it."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        stream.bind(("127.0.0.1", port))
        datagrams.bind(("127.0.0.1", port))

"""`esa-auth listen` as a process, and senders of every kind."""

import signal
import socket
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from tests.shippers.appliance import traffic
from tests.shippers.hosts import until
from tests.support.ports import free_port
from tests.support.process import PATIENCE, Account, account_of, command, esa_auth

Lines = Sequence[bytes]
LINES = traffic("esa01", 600, 1)
# As AsyncOS pushes them: no host name.
UNNAMED = [line.replace(b" esa02 ", b" ") for line in traffic("esa02", 600, 2)]


class Listening:
    """The command, its events in a file; ended at the end of `with`."""

    def __init__(
        self, folder: Path, *words: str, schemes: str = "tcp udp unix"
    ) -> None:
        self.folder, self.words = folder, words
        self.port = free_port()
        self.path = folder / "socket"
        self.out, self.err = folder / "events", folder / "stderr"
        self._places = [
            f"unix:{self.path}"
            if scheme == "unix"
            else f"{scheme}://127.0.0.1:{self.port}"
            for scheme in schemes.split()
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.kill()

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The last one that was started."""
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Start it, again after a `kill`; wait until it listens."""
        with self.out.open("ab") as out, self.err.open("wb") as err:
            self._process = subprocess.Popen(
                [*command(), "listen", *self._places, "--timezone", "UTC", *self.words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        until(self._is_ready, self.said)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.said()
        return self.said().count("listening at") == len(self._places)

    def said(self) -> str:
        """Return its messages so far."""
        return self.err.read_text("utf-8", "replace")

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> Account:
        """Stop it in an orderly way; return its account."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.said()
        return account_of(self.said())

    def events(self) -> list[dict[str, Any]]:
        """Return the events that are written whole."""
        whole, _, _ = self.out.read_bytes().rpartition(b"\n")
        return [orjson.loads(line) for line in whole.splitlines()]

    def by_id(self) -> dict[str, dict[str, Any]]:
        """Return them by `event.id`."""
        return {event["event"]["id"]: event for event in self.events()}

    def has(self, count: int) -> None:
        """Wait for so many events."""
        until(lambda: len(self.events()) >= count, lambda: f"{count}: {self.said()}")

    @property
    def memory(self) -> int:
        """Its memory now, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (x for x in status.splitlines() if x.startswith("VmRSS:"))
        return int(line.split()[1]) >> 10


def direct(lines: Lines, sender: str = "127.0.0.1", *words: str) -> dict[str, Any]:
    """Return the events that `filter` makes of lines of one sender, by id."""
    stdin = b"".join(b"%b %b\n" % (sender.encode(), line) for line in lines)
    ended = esa_auth(
        "filter", "--input", "sender", "--timezone", "UTC", *words, stdin=stdin
    )
    ended.assert_complete()
    return {event["event"]["id"]: event for event in ended.events}


def newlines(lines: Lines) -> bytes:
    """Frame lines as most senders do."""
    return b"".join(line + b"\n" for line in lines)


def counted(lines: Lines) -> bytes:
    """Frame lines by octet counting."""
    return b"".join(b"%d %b" % (len(line), line) for line in lines)


def connected(
    listening: Listening, source: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> socket.socket:
    """Return a connection from an address of loopback."""
    plain = socket.create_connection(
        ("127.0.0.1", listening.port), PATIENCE, source_address=(source, 0)
    )
    return tls.wrap_socket(plain, server_hostname="127.0.0.1") if tls else plain


def send(listening: Listening, data: bytes, source: str = "127.0.0.1") -> None:
    """Send over a connection of its own, and close it."""
    with connected(listening, source) as sender:
        sender.sendall(data)


def is_closed(connection: socket.socket) -> bool:
    """Wait for the other end to close; return whether it did."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True

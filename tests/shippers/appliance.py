"""An appliance that pushes its mail log by syslog, over UDP or TCP."""

import socket
import time
from collections.abc import Iterator, Sequence
from random import Random
from types import TracebackType
from typing import Self

# Sessions of one appliance that are open at once.
SESSIONS = 12
# What a receiver with a buffer of 200 KiB takes without loss; then it needs a moment.
_BURST = 100


def traffic(name: str, count: int, seed: int) -> list[bytes]:
    """Return about ``count`` lines of interleaved sessions, each of them closed."""
    random = Random(seed)
    lines: list[bytes] = []
    opened = iter(range(1, count))
    sessions: list[Iterator[str]] = []
    while len(lines) < count or sessions:
        if len(lines) < count and len(sessions) < SESSIONS:
            sessions.append(_session(next(opened), random))
        session = random.choice(sessions)
        body = next(session, None)
        if body is None:
            sessions.remove(session)
            continue
        second = len(lines) // 20
        stamp = f"Mar 17 1{second // 3600}:{second // 60 % 60:02}:{second % 60:02}"
        lines.append(f"<22>{stamp} {name} mail_logs: Info: {body}".encode())
    return lines


def _session(icid: int, random: Random) -> Iterator[str]:
    yield (
        f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) "
        f"address 198.51.100.{icid % 250} reverse dns host unknown verified no"
    )
    yield f"ICID {icid} ACCEPT SG UNKNOWNLIST match sbrs[none] SBRS None"
    if random.random() < 0.5:
        yield f"ICID {icid} TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256-SHA384"
    for attempt in range(random.randrange(4)):
        verdict = random.choice(["failed", "succeeded"])
        yield (
            f"SMTP Auth: (ICID {icid}) {verdict} for user: user{attempt}@example.com "
            "using AUTH mechanism: PLAIN with profile: staff"
        )
    mid = icid * 10
    yield f"Start MID {mid} ICID {icid}"
    yield f"MID {mid} ICID {icid} From: <ann@example.com>"
    yield f"MID {mid} ICID {icid} RID 0 To: <bob@example.net>"
    yield f"MID {mid} Subject 'SMTP Auth: (ICID {icid}) succeeded for user: forged'"
    yield f"MID {mid} ready 812 bytes from <ann@example.com>"
    yield f"MID {mid} queued for delivery"
    yield f"ICID {icid} close"


def push_udp(port: int, lines: Sequence[bytes]) -> None:
    """Send a datagram a line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number, line in enumerate(lines):
            sender.sendto(line, ("127.0.0.1", port))
            if number % _BURST == _BURST - 1:
                time.sleep(0.01)


def push_tcp(port: int, lines: Sequence[bytes]) -> None:
    """Send the lines over one connection, each ended by LF as the appliance does."""
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(b"".join(line + b"\n" for line in lines))


class Appliance:
    """Pushes over one connection, and over another when the receiver has ended it.

    Two that are open at once are read side by side: their lines have no order.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def push(self, lines: Sequence[bytes]) -> None:
        """Send the lines, each ended by LF."""
        if self._connection is not None and _ended(self._connection):
            self._connection.close()
            self._connection = None
        if self._connection is None:
            self._connection = socket.create_connection(("127.0.0.1", self._port))
        self._connection.sendall(b"".join(line + b"\n" for line in lines))


def _ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True

"""A forward receiver on loopback that misbehaves as its script says.

Written from the specification, not from the client under test. Each chunk that
arrives takes the next behaviour of the script, and the usual one after its end.
"""

import gzip
import os
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgpack

from esa_auth.outputs.forward import Entry, ForwardOutput, ForwardSettings, pack_entry
from esa_auth.retry import Timing
from tests.support.forward_security import Security
from tests.support.ports import free_port


def give_way(seconds: float) -> None:
    """Sleep for tests: no time passes, but other threads may run."""
    time.sleep(0)


def event(number: int, padding: int = 0) -> Entry:
    """Return the numbered event; its record carries its id."""
    event_id = f"id-{number:06}"
    record = {"event": {"id": event_id}, "message": "x" * padding}
    return pack_entry(event_id, 1_700_000_000 + number, number, record)


def events(count: int, start: int = 0, padding: int = 0) -> list[Entry]:
    return [event(number, padding) for number in range(start, start + count)]


def ids(entries: Sequence[Entry]) -> set[str]:
    return {event_id for event_id, _ in entries}


@dataclass(frozen=True)
class Received:
    """One chunk as it came over the wire."""

    tag: str
    chunk: str
    ids: list[str]
    option: dict[str, Any]
    times: list[Any]
    size: int


class Clock:
    """Jumps when a receiver has been silent for as long as anyone waits.

    So no test depends on how fast the machine is.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.005
        """Seconds that pass at every look, so that no wait is without end."""

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Hangup(Exception):
    """Raised by a behaviour to end the connection."""


class Connection:
    def __init__(self, receiver: "Receiver", sock: socket.socket) -> None:
        self.receiver = receiver
        self.sock = sock

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def stay_silent(self) -> None:
        """Let the client's time run out."""
        self.receiver.clock.now += 1e6

    def reset(self) -> None:
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        raise Hangup


Behaviour = Callable[[Connection, Received], None]


def ack_of(chunk: str) -> bytes:
    packed: bytes = msgpack.packb({"ack": chunk})
    return packed


def ack(connection: Connection, received: Received) -> None:
    """Store, then acknowledge: what a good receiver does."""
    connection.receiver.store(received)
    connection.send(ack_of(received.chunk))


class Receiver:
    """Listens while in its context; may be stopped and started again."""

    def __init__(
        self,
        *script: Behaviour,
        usual: Behaviour = ack,
        tls: ssl.SSLContext | None = None,
        security: Security | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.host = host
        self.port = free_port()
        self.script = deque(script)
        self.usual = usual
        self.chunks: list[Received] = []
        self.stored: list[str] = []
        self.connections = 0
        self.ended = 0
        self.clock = Clock()
        self.tls = tls
        self._security = security
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []

    def settings(self, **changes: Any) -> ForwardSettings:
        """Return settings for this receiver, with delays that tests can bear."""
        values: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "first_delay": 0.001,
            "max_delay": 0.01,
            "max_batch_events": 10,
            **changes,
        }
        return ForwardSettings(**values)

    def timing(self, sleep: Callable[[float], None] = give_way) -> Timing:
        """Return time that passes only while this receiver is silent."""
        return Timing(self.clock, sleep, lambda: 0.0, slice=0.01)

    def output(
        self,
        on_poison: Callable[[Entry, str], None],
        stop: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = give_way,
        **changes: Any,
    ) -> ForwardOutput:
        """Return a client of this receiver."""
        return ForwardOutput(
            self.settings(**changes), on_poison, stop, self.timing(sleep)
        )

    def store(self, received: Received) -> None:
        with self._lock:
            self.stored.extend(received.ids)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        for thread in self._threads:
            thread.join(10)

    def start(self) -> None:
        """Listen, on the port it had before if it had one, unless it does."""
        if self._listener is not None:
            return
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, self.port), family=family)
        self._listener = listener
        self._run(self._accept, listener)

    def stop(self) -> None:
        """Close everything at once, as a killed process would."""
        with self._lock:
            listener, self._listener = self._listener, None
            dying = [*self._open, *([listener] if listener else [])]
        for sock in dying:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _run(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                if listener is not self._listener:
                    sock.close()
                    return
                self._open.add(sock)
                self.connections += 1
            self._run(self._serve, sock)

    def _serve(self, raw: socket.socket) -> None:
        sock = raw
        try:
            if self.tls is not None:
                sock = self.tls.wrap_socket(raw, server_side=True)
            self._talk(Connection(self, sock))
        except (OSError, ValueError, Hangup):
            # The client went away, or the script ends this connection.
            self.ended += 1
        finally:
            with self._lock:
                self._open.discard(raw)
            sock.close()
            raw.close()

    def _talk(self, connection: Connection) -> None:
        unpacker = msgpack.Unpacker(raw=False, max_buffer_size=1 << 28)
        if self._security is not None:
            self._shake_hands(connection, unpacker, self._security)
        while data := connection.sock.recv(1 << 16):
            unpacker.feed(data)
            for message in unpacker:
                received = _received(message)
                with self._lock:
                    self.chunks.append(received)
                    behaviour = self.script.popleft() if self.script else self.usual
                behaviour(connection, received)

    def _shake_hands(
        self, connection: Connection, unpacker: Any, security: Security
    ) -> None:
        nonce, salt = os.urandom(16), os.urandom(16)
        connection.send(security.hello(nonce, salt))
        ping = _next(connection.sock, unpacker)
        pong = security.answer(ping, nonce, salt)
        forge = security.forged_pong
        connection.send(forge(pong) if forge else msgpack.packb(pong))
        if not pong[1]:
            raise Hangup


def _next(sock: socket.socket, unpacker: Any) -> Any:
    while data := sock.recv(1 << 16):
        unpacker.feed(data)
        for message in unpacker:
            return message
    raise Hangup


def _received(message: Any) -> Received:
    if not isinstance(message, list):
        raise Hangup
    tag, stream, option = message
    size = len(stream)
    if option.get("compressed") == "gzip":
        stream = gzip.decompress(stream)
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(stream)
    entries = list(unpacker)
    assert option["size"] == len(entries)
    return Received(
        tag,
        option["chunk"],
        [record["event"]["id"] for _, record in entries],
        option,
        [time for time, _ in entries],
        size,
    )

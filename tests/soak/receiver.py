"""A forward receiver that keeps a digest of every event before it acknowledges.

Written from the protocol's specification. Lean, because millions of events go through
it; what misbehaves in every detail is `tests.support.forward_receiver`.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgpack

from tests.soak.events import Events
from tests.soak.sizes import HANG
from tests.support.ports import free_port

_LATE_SECONDS = 0.8
#: What becomes of a chunk, given its number.
Behaviour = Callable[[int], str]


def acknowledge(number: int) -> str:
    """Store every chunk and acknowledge it."""
    return "ack"


class Receiver:
    """Listens while in its context; may be stopped and started again.

    A behaviour answers ``ack``, ``reset`` (nothing is stored), ``stored`` (and then the
    connection is reset without an acknowledgement), ``silent`` (stored, no answer) or
    ``late`` (acknowledged after a while).
    """

    def __init__(self, behave: Behaviour = acknowledge) -> None:
        self.events = Events()
        self.chunks = 0
        self.connections = 0
        self.port = free_port()
        self._behave = behave
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []

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

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._run(self._accept, self._listener)

    def stop(self) -> None:
        """Close everything at once, as a killed process would."""
        with self._lock:
            dying = [*self._open, *([self._listener] if self._listener else [])]
            self._listener = None
        for sock in dying:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(HANG)
        self._threads.clear()

    def _run(
        self, target: Callable[[socket.socket], None], sock: socket.socket
    ) -> None:
        thread = threading.Thread(target=target, args=(sock,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with self._lock:
                    if self._listener is not listener:
                        sock.close()
                        return
                    self._open.add(sock)
                    self.connections += 1
                self._run(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        unpacker = msgpack.Unpacker(raw=False, max_buffer_size=1 << 28)
        try:
            with sock:
                while data := sock.recv(1 << 16):
                    unpacker.feed(data)
                    for message in unpacker:
                        self._take(sock, message)
        except OSError:
            # The client was killed, or the behaviour ended the connection.
            return
        finally:
            with self._lock:
                self._open.discard(sock)

    def _take(self, sock: socket.socket, message: Any) -> None:
        _, stream, option = message
        with self._lock:
            self.chunks += 1
            answer = self._behave(self.chunks)
            if answer != "reset":
                entries = msgpack.Unpacker(raw=False)
                entries.feed(stream)
                self.events.add([record for _, record in entries])
        if answer == "late":
            time.sleep(_LATE_SECONDS)
        if answer in {"ack", "late"}:
            sock.sendall(msgpack.packb({"ack": option["chunk"]}))
        elif answer != "silent":
            linger = struct.pack("ii", 1, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise OSError(answer)

"""A forward receiver that keeps every event and acknowledges every chunk."""

import socketserver
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgpack


class Collector:
    """Listens on loopback while in its context; out of it nobody answers."""

    def __init__(self, port: int = 0) -> None:
        self.events: list[dict[str, Any]] = []
        # Seconds that it takes to acknowledge a chunk; None: it never is.
        self.delay: float | None = 0.0
        self.gone = False
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.collector = self
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def by_id(self) -> dict[str, dict[str, Any]]:
        """Return the events by `event.id`; equal ids must be equal events."""
        found: dict[str, dict[str, Any]] = {}
        for event in self.events:
            known = found.setdefault(event["event"]["id"], event)
            assert known == event, "one id, two events"
        return found

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gone = True
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    collector: Collector


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        # The sender may be killed at any time.
        with suppress(ConnectionError):
            self._talk()

    def _talk(self) -> None:
        unpacker = msgpack.Unpacker()
        while data := self.request.recv(65536):
            if self.server.collector.gone:
                return
            unpacker.feed(data)
            for _tag, stream, option in unpacker:
                entries = msgpack.Unpacker(timestamp=0)
                entries.feed(stream)
                self.server.collector.events.extend(record for _, record in entries)
                delay = self.server.collector.delay
                if delay is None:
                    continue
                time.sleep(delay)
                self.request.sendall(msgpack.packb({"ack": option["chunk"]}))

"""The server of the metrics: what it refuses, and what a client cannot do to it."""

import gc
import socket
import struct
import threading
import time

import pytest

from esa_auth.metrics.server import MetricsServer
from tests.metrics.readings import beat, exposition, readings
from tests.metrics.scrapes import get
from tests.support.process import PATIENCE


def test_scrapes_leave_no_reference_cycles() -> None:
    """The commands run without the collector of cycles."""
    shown = exposition(readings(beat()))
    server = MetricsServer("127.0.0.1:0", shown.text, list)
    try:
        fetch(server.port)
        gc.collect()
        gc.disable()
        before = len(gc.get_objects())
        for _ in range(100):
            fetch(server.port)
        assert len(gc.get_objects()) - before < 100
    finally:
        gc.enable()
        server.close()


def fetch(port: int) -> None:
    """Scrape with nothing that leaves cycles of its own."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        while client.recv(1 << 16):
            pass


def test_other_paths_and_methods_are_refused() -> None:
    server = MetricsServer("127.0.0.1:0", exposition(readings(beat())).text, list)
    try:
        assert get(server.port, "/")[0] == 404
        assert get(server.port, "/metrics?x=1")[0] == 200
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"POST /metrics HTTP/1.0\r\n\r\n")
            assert b" 501 " in client.makefile("rb").readline()
    finally:
        server.close()


@pytest.mark.parametrize("asked", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\n\r\n"])
def test_a_client_that_hangs_up_writes_nothing(
    asked: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    answered = threading.Event()

    def slowly(accept: str) -> tuple[bytes, str]:
        answered.wait(PATIENCE)
        # More than fits into the buffers of a socket whose other end is gone.
        return b"x" * (64 << 20), "text/plain"

    server = MetricsServer("127.0.0.1:0", slowly, list)
    for _ in range(3):
        client = socket.create_connection(("127.0.0.1", server.port))
        # Closed with a reset.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(asked)
        client.close()
    answered.set()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            # `enumerate` lists a thread before it has been started.
            while thread.ident is None:
                time.sleep(0.001)
            thread.join(PATIENCE)
    server.close()
    assert capfd.readouterr().err == ""
    assert caplog.messages == []

"""`/metrics` and `/healthz` over HTTP, in a thread; for the own network only."""

import logging
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from esa_auth.errors import ConfigError

# A client that sends nothing holds a thread; so long and no longer.
_SECONDS = 10
_MAX_PORT = 65535

Answer = tuple[int, str, bytes]

_log = logging.getLogger("esa_auth")


class MetricsServer:
    """Serves until closed; answers are made by the two functions at each request."""

    def __init__(
        self,
        address: str,
        metrics: Callable[[str], tuple[bytes, str]],
        complaints: Callable[[], list[str]],
        notes: Callable[[], list[str]] = list,
    ) -> None:
        """Listen at ``address``, HOST:PORT; ``metrics`` takes an Accept header.

        ``notes`` are said when all is well, each on a line of its own.

        Raises:
            ConfigError: it is no address, or nobody may listen there.
        """
        host, port = _host_and_port(address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET

        class Server(ThreadingHTTPServer):
            address_family = family
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing of a client that hangs up, and no traceback of others."""
                error = sys.exception()
                if not isinstance(error, OSError):
                    _log.warning("metrics: %r", error)

        class Handler(_Handler):
            answers = staticmethod(_answers(metrics, complaints, notes))

        try:
            self._server = Server((host, port), Handler)
        except OSError as error:
            told = f"{address}: {error.strerror or error}"
            raise ConfigError(f"metrics.address: {told}") from error
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit()):
        wanted = "HOST:PORT is wanted, as 127.0.0.1:9464"
        raise ConfigError(f"metrics.address: {address!r:.80}: {wanted}")
    if int(port[:9]) > _MAX_PORT:
        raise ConfigError(f"metrics.address: {address}: a port is 0 to {_MAX_PORT}")
    return host.strip("[]") or "127.0.0.1", int(port)


def _answers(
    metrics: Callable[[str], tuple[bytes, str]],
    complaints: Callable[[], list[str]],
    notes: Callable[[], list[str]],
) -> Callable[[str, str], Answer]:
    def answer(path: str, accept: str) -> Answer:
        plain = "text/plain; charset=utf-8"
        match path.partition("?")[0]:
            case "/metrics":
                body, kind = metrics(accept)
                return 200, kind, body
            case "/healthz":
                found = complaints()
                said = found or ["ok", *notes()]
                text = "".join(f"{line}\n" for line in said)
                code = 503 if found else 200
                return code, plain, text.encode("utf-8", "backslashreplace")
        return 404, plain, b"/metrics or /healthz\n"

    return answer


class _Handler(BaseHTTPRequestHandler):
    timeout = _SECONDS
    answers: Callable[[str, str], Answer]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        accept = self.headers.get("Accept", "")
        code, kind, body = type(self).answers(self.path, accept)
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def version_string(self) -> str:
        """Return what we are, and nothing of what we are made of."""
        return "esa-auth"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a scrape every few seconds is no news."""


SECONDS_BETWEEN = 15.0

_log = logging.getLogger("esa_auth")


class TextFile:
    """Writes now and then, in a thread, and once more at the end."""

    def __init__(self, path: str, write: Callable[[str], None]) -> None:
        """``write`` puts the metrics at ``path``, or raises OSError."""
        self._path, self._write = path, write
        self._over = threading.Event()
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write for the last time."""
        self._over.set()
        self._thread.join()
        self._try()

    def _run(self) -> None:
        while not self._over.is_set():
            self._try()
            self._over.wait(SECONDS_BETWEEN)

    def _try(self) -> None:
        """Write; the work does not depend on it, so trouble is said and no more."""
        try:
            self._write(self._path)
        except OSError as error:
            trouble = error.strerror or str(error)
            if trouble != self._trouble:
                _log.warning("metrics.file: %s: %s", self._path, trouble)
            self._trouble = trouble
        else:
            self._trouble = ""

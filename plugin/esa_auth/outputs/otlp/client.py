"""One connection to an OTLP/HTTP receiver: a request out, an answer back.

Waiting for an answer is cut into slices, so that a stop is seen at once; the whole
answer has one deadline, however slowly it comes. Redirects are not followed:
credentials go where they were meant to go.
"""

import email.utils
import http.client
import io
import select
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from esa_auth import __version__
from esa_auth.outputs.otlp.settings import OtlpSettings
from esa_auth.outputs.tls import client_context
from esa_auth.retry import Timing

# The longest true answer is a text of a few lines.
_MOST_ANSWER = 64 * 1024
_LONGEST_PAUSE = 600.0

Wait = Callable[[socket.socket], None]


class Answer(NamedTuple):
    """What came back; ``retry_after`` is seconds, 0 where nothing is said."""

    status: int
    content_type: str
    body: bytes
    retry_after: float


class NoAnswerError(Exception):
    """The request may or may not have arrived; the text is one line."""


class Client:
    """Posts to one URL; for one thread.

    ``check_stop`` is called after each slice of waiting, and may raise.

    Raises:
        ConfigError: a TLS file cannot be used.
    """

    def __init__(
        self,
        settings: OtlpSettings,
        content_type: str,
        timing: Timing,
        check_stop: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._timing = timing
        self._check_stop = check_stop
        self._tls = client_context(settings.tls) if settings.tls else None
        self._connection: http.client.HTTPConnection | None = None
        self._deadline = 0.0
        self._headers = {
            "Content-Type": content_type,
            "User-Agent": f"esa-auth/{__version__}",
            **({"Content-Encoding": "gzip"} if settings.gzip else {}),
            **dict(settings.headers),
        }
        self.connects = 0

    def post(self, body: bytes) -> Answer:
        """Send ``body`` and return the answer, whatever its status.

        Raises:
            NoAnswerError: none came in time, or not a whole one.
        """
        try:
            connection = self._connected()
            connection.request("POST", self._settings.path, body, self._headers)
            self._deadline = self._timing.clock() + self._settings.timeout
            return self._answer(connection)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.disconnect()
            raise NoAnswerError(_reason(error)) from error
        except BaseException:
            self.disconnect()
            raise

    def disconnect(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> http.client.HTTPConnection:
        kept = self._connection
        if kept is not None and kept.sock is not None and not _readable(kept.sock, 0):
            return kept
        # Between requests nothing is due: what can be read is the end of the stream.
        self.disconnect()
        settings = self._settings
        if self._tls is None:
            self._connection = http.client.HTTPConnection(
                settings.host, settings.port, timeout=settings.timeout
            )
        else:
            self._connection = _Secured(settings, self._tls)
        # http.client calls it as a class, with the socket and the method by name; a
        # function does as well, which its declared type does not say.
        self._connection.response_class = self._response  # type: ignore[assignment]
        self._connection.connect()
        self.connects += 1
        return self._connection

    def _response(self, sock: socket.socket, **options: Any) -> Any:
        patient: Any = _Patient(sock, self._wait)
        return http.client.HTTPResponse(patient, **options)

    def _wait(self, sock: socket.socket) -> None:
        while True:
            if self._timing.clock() >= self._deadline:
                raise TimeoutError("no whole answer came in time")
            if _readable(sock, self._timing.slice):
                return
            self._check_stop()

    def _answer(self, connection: http.client.HTTPConnection) -> Answer:
        answer = connection.getresponse()
        body = answer.read(_MOST_ANSWER + 1)
        if len(body) > _MOST_ANSWER:
            raise ValueError("answer is too long")
        if answer.will_close:
            self.disconnect()
        return Answer(
            answer.status,
            (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower(),
            body,
            _seconds(answer.getheader("Retry-After")),
        )


class _Patient:
    """Stands for the socket that an answer is read from, and waits as we wait."""

    def __init__(self, sock: socket.socket, wait: Wait) -> None:
        self._raw = _Raw(sock, wait)

    def makefile(self, *args: Any, **options: Any) -> Any:
        return io.BufferedReader(self._raw)


class _Raw(io.RawIOBase):
    def __init__(self, sock: socket.socket, wait: Wait) -> None:
        self._sock, self._wait = sock, wait

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._wait(self._sock)
        return self._sock.recv_into(buffer)


class _Secured(http.client.HTTPSConnection):
    """Checks the certificate for the name that the configuration gives."""

    def __init__(self, settings: OtlpSettings, context: ssl.SSLContext) -> None:
        super().__init__(
            settings.host, settings.port, timeout=settings.timeout, context=context
        )
        self._context_of_ours = context
        self._name = (settings.tls and settings.tls.server_name) or settings.host

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        raw = self.sock
        try:
            self.sock = self._context_of_ours.wrap_socket(
                raw, server_hostname=self._name
            )
        except BaseException:
            raw.close()
            raise


def _readable(sock: socket.socket, seconds: float) -> bool:
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    return bool(select.select([sock], [], [], seconds)[0])


def _seconds(text: str | None) -> float:
    """Return ``Retry-After`` (RFC 9110, 10.2.3) in seconds, 0 if it says nothing."""
    if text is None:
        return 0.0
    if text.strip().isdecimal() and text.isascii():
        seconds = float(text)
    else:
        try:
            then = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        seconds = (then - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_PAUSE)


def _reason(error: Exception) -> str:
    """Return the error in one line that is the same for the same cause."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or str(error)!a}"
    if isinstance(error, http.client.RemoteDisconnected):
        return "receiver closed the connection"
    if isinstance(error, http.client.HTTPException):
        return f"not an answer of HTTP: {type(error).__name__}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)

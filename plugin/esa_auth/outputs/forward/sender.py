"""One connection to the receiver: what fluent-logger lacks, added by subclassing.

The only module that touches fluent-logger, which has no types. Taken over from it:
the connection and its life. Not used: ``emit`` and ``pendings``, which answer True
for events that are then lost. Blocking is cut into slices, so that every wait ends
at its deadline and a stop is seen at once.
"""

import secrets
import socket
import ssl
from collections.abc import Callable, Iterator

from fluent.sender import (  # type: ignore[import-untyped]  # ships no types
    FluentSender,
)

from esa_auth.outputs.forward.failures import (
    BadReply,
    Refused,
    Silent,
    Unacknowledged,
    Unreachable,
    shown,
)
from esa_auth.outputs.forward.replies import (
    Credentials,
    Helo,
    Replies,
    acknowledged,
    check_pong,
    ping,
    read_helo,
)
from esa_auth.outputs.forward.settings import ForwardSettings
from esa_auth.outputs.tls import client_context
from esa_auth.retry import Timing

_READ = 4096
_WRITE = 64 * 1024


class AckSender(FluentSender):  # type: ignore[misc]  # its base ships no types
    """Connects, shakes hands, writes messages and reads acknowledgements.

    ``check_stop`` is called after each slice of waiting, and may raise. Deadlines
    are points on the clock of ``timing``.

    Raises:
        ConfigError: a TLS file cannot be used.
    """

    def __init__(
        self,
        settings: ForwardSettings,
        timing: Timing,
        check_stop: Callable[[], None],
    ) -> None:
        super().__init__(
            settings.tag,
            host=settings.host,
            port=settings.port,
            timeout=settings.connect_timeout,
        )
        self.keepalive = True
        """False if the receiver wants a new connection for every chunk."""
        self._settings = settings
        self._timing = timing
        self._check_stop = check_stop
        self._deadline = 0.0
        self._replies = Replies()
        self._read_ahead = b""
        self._tls = client_context(settings.tls) if settings.tls else None

    @property
    def connected(self) -> bool:
        """Whether there is a connection that has passed the handshake."""
        return self.socket is not None

    def connect(self) -> bool:
        """Make sure of a connection; return whether it is a new one.

        Only to be called while no acknowledgement is awaited.

        Raises:
            Unreachable: it cannot be had now, or `Refused`.
        """
        kept = self.connected and self._check_recv_side()
        if not kept:
            self._reconnect()
        return not kept

    def write(self, packet: bytes, deadline: float) -> None:
        """Write one message, to the last byte.

        Raises:
            Unacknowledged: the connection broke, or the deadline passed.
        """
        self._deadline = deadline
        self._send_data(packet)

    def acks(self, deadline: float) -> Iterator[str]:
        """Yield the chunk ids of what comes next: none, one or several.

        Raises:
            Unacknowledged: nothing came until the deadline, or the connection
                broke, or what came is no acknowledgement.
            Refused: the receiver asks for a handshake that is not configured.
        """
        self._deadline = deadline
        try:
            self._replies.feed(self._read_ahead or self._receive())
            self._read_ahead = b""
            for message in self._replies:
                yield acknowledged(message)
        except BadReply as failure:
            raise Unacknowledged(str(failure)) from failure

    def disconnect(self) -> None:
        """Drop the connection, and with it whatever was still to come."""
        self._close()

    def emit_with_time(self, label: object, timestamp: object, data: object) -> bool:
        """Not offered: `fluent.sender` answers True for events that it loses."""
        raise NotImplementedError("use write() and acks()")

    def _reconnect(self) -> None:
        self._replies = Replies()
        self._read_ahead = b""
        self.keepalive = True
        try:
            self.socket = self._connected_socket()
            if self._settings.shared_key is not None:
                self._shake_hands(self._settings.shared_key)
        except (Unacknowledged, BadReply) as failure:
            self._close()
            raise Unreachable(f"handshake: {failure}") from failure
        except BaseException:
            self._close()
            raise

    def _connected_socket(self) -> socket.socket:
        try:
            # Unlike the parent's connect, this knows IPv6.
            raw = socket.create_connection((self.host, self.port), self.timeout)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"cannot connect: {_reason(error)}") from error
        if self._tls is None or self._settings.tls is None:
            return raw
        return self._secured(raw, self._tls, self._settings.tls.server_name)

    def _secured(
        self, raw: socket.socket, context: ssl.SSLContext, name: str | None
    ) -> ssl.SSLSocket:
        try:
            return context.wrap_socket(raw, server_hostname=name or self.host)
        except ssl.SSLCertVerificationError as error:
            raise Refused(f"certificate not trusted: {error.verify_message}") from error
        except ssl.SSLError as error:
            hint = " (this receiver may have no TLS; OpenTelemetry's has none)"
            raise Unreachable(
                f"TLS: {_reason(error)}{hint if _answers_plainly(error) else ''}"
            ) from error
        except (OSError, ValueError) as error:
            raise Unreachable(f"TLS: {_reason(error)}") from error
        finally:
            # After success the socket is detached, and this does nothing.
            raw.close()

    def _shake_hands(self, shared_key: str) -> None:
        self._deadline = self._timing.clock() + self._settings.connect_timeout
        credentials = Credentials(
            self._settings.self_hostname,
            shared_key,
            self._settings.username,
            self._settings.password,
        )
        salt = secrets.token_hex(16)
        helo = self._helo()
        self._send_data(ping(helo, credentials, salt))
        check_pong(self._message(), helo, credentials, salt)
        self.keepalive = helo.keepalive

    def _helo(self) -> Helo:
        try:
            return read_helo(self._message())
        except Silent as failure:
            # Seen with fluent_forward of the OpenTelemetry collector 0.165.1.
            raise Refused(
                "no HELO came: this receiver asks for no shared key (OpenTelemetry's"
                " has none), or does not answer"
            ) from failure

    def _message(self) -> object:
        while True:
            for message in self._replies:
                return message
            self._replies.feed(self._receive())

    def _check_recv_side(self) -> bool:
        # The parent throws away what it reads here, and with it the ack. Between
        # chunks nothing is due: the end of the stream, or an ack that is too late.
        try:
            self.socket.settimeout(0.0)
            self._read_ahead = self.socket.recv(_READ)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            self._read_ahead = b""
        if not self._read_ahead:
            self._close()
        return self.connected

    def _send_data(self, packet: bytes) -> None:
        rest = memoryview(packet)
        while rest:
            try:
                self.socket.settimeout(self._slice())
                rest = rest[self.socket.send(rest[:_WRITE]) :]
            except TimeoutError:
                self._check_stop()
            except OSError as error:
                raise Unacknowledged(f"while writing: {_reason(error)}") from error

    def _receive(self) -> bytes:
        while True:
            try:
                self.socket.settimeout(self._slice())
                data: bytes = self.socket.recv(_READ)
            except TimeoutError:
                self._check_stop()
                continue
            except OSError as error:
                raise Unacknowledged(_reason(error)) from error
            if not data:
                raise Unacknowledged("receiver closed the connection")
            return data

    def _slice(self) -> float:
        left = self._deadline - self._timing.clock()
        if left <= 0:
            raise Silent("receiver is silent")
        return min(left, self._timing.slice)


def _answers_plainly(error: ssl.SSLError) -> bool:
    """Return whether that is how a receiver looks that knows no TLS."""
    return isinstance(error, ssl.SSLEOFError) or error.reason == "WRONG_VERSION_NUMBER"


def _reason(error: Exception) -> str:
    """Return the error in one line that is the same for the same cause."""
    if isinstance(error, ssl.SSLError):
        return shown(error.reason or str(error))
    if isinstance(error, OSError):
        return error.strerror or shown(str(error))
    return shown(str(error))

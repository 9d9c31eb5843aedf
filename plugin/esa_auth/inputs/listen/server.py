"""All listeners and connections, on one selector."""

import errno
import logging
import selectors
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass

from esa_auth.errors import ConfigError
from esa_auth.inputs.listen.connection import (
    Arrival,
    Connection,
    Counters,
    Forms,
    sender_of,
)
from esa_auth.inputs.listen.datagrams import Datagrams
from esa_auth.inputs.listen.endpoint import (
    Endpoint,
    keep_alive,
    open_socket,
    raise_file_limit,
    remove,
)

# Of one `poll`: what is delivered before the next.
_MOST_BYTES = 1 << 20
_MOST_ACCEPTS = 64
_SECONDS_BETWEEN_WORDS = 3600.0
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# Files that are not connections: state, log, receiver, metrics.
_OTHER_FILES = 128

_log = logging.getLogger("esa_auth")


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """What to listen at, and how much of it.

    Attributes:
        endpoints: The addresses.
        max_connections: Connections held at once.
        max_per_sender: Those of one address among them.
        handshake_timeout: Seconds that a sender has to agree on TLS.
        unix_mode: Permissions of Unix sockets.
        tls: Returns the context of TLS listeners.
    """

    endpoints: tuple[Endpoint, ...]
    max_connections: int = 1000
    max_per_sender: int = 100
    handshake_timeout: float = 10.0
    unix_mode: int = 0o660
    tls: Callable[[], ssl.SSLContext] | None = None


@dataclass(eq=False, slots=True)
class _Streams:
    """A socket that takes connections."""

    endpoint: Endpoint
    socket: socket.socket
    counters: Counters
    context: ssl.SSLContext | None


class Server:
    """Takes what senders send, a little of each in turn."""

    def __init__(self, settings: ListenSettings, forms: Forms) -> None:
        """Listen.

        Raises:
            ConfigError: nobody may listen at an address, or TLS cannot be set up.
        """
        self._settings, self._forms = settings, forms
        self._selector = selectors.DefaultSelector()
        #: By address.
        self.counters: dict[str, Counters] = {}
        self._listeners: list[_Streams | Datagrams] = []
        self._connections: set[Connection] = set()
        self._senders: Counter[str] = Counter()
        # In the order in which their time ends, as all have the same.
        self._shaking: dict[Connection, None] = {}
        self._more: dict[Connection, None] = {}
        self._turn = 0
        self._silent_until: dict[str, float] = {}
        raise_file_limit(settings.max_connections + _OTHER_FILES)
        try:
            for endpoint in settings.endpoints:
                self._open(endpoint)
        except ConfigError:
            self.close()
            raise

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the counters of each address; for any thread."""
        return {address: asdict(one) for address, one in self.counters.items()}

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def poll(self, seconds: float) -> list[Arrival]:
        """Return what came, at most about 1 MiB; wait for it, ``seconds`` at most."""
        self._end_slow_handshakes()
        more, self._more = self._more, {}
        ready = list(more)
        keys = self._selector.select(0 if ready else seconds)
        ready += [key.data for key, _ in keys if key.data not in more]
        found: list[Arrival] = []
        left = _MOST_BYTES
        # Who was not reached the last time is first.
        first = self._turn % len(ready) if ready else 0
        for peer in ready[first:] + ready[:first]:
            if left <= 0:
                if peer in more:
                    self._more[peer] = None
                continue
            self._turn += 1
            for arrival, size in self._take(peer):
                left -= size
                if arrival.pieces:
                    found.append(arrival)
        return found

    def stop(self) -> None:
        """Take no more connections, and tell those who send that we are going."""
        for listener in self._listeners:
            if isinstance(listener, _Streams):
                self._forget(listener.socket)
                remove(listener.endpoint)
        self._listeners = [x for x in self._listeners if isinstance(x, Datagrams)]
        for connection in list(self._connections):
            # Not SSLSocket.shutdown, behind which nothing more can be read.
            with suppress(OSError):
                socket.socket.shutdown(connection.socket, socket.SHUT_WR)

    def close(self) -> list[Arrival]:
        """Close all; return what came of messages whose end did not."""
        self.stop()
        for listener in self._listeners:
            self._forget(listener.socket)
        self._listeners = []
        found = [Arrival(c.host, list(c.rest())) for c in self._connections]
        for connection in list(self._connections):
            self._drop(connection)
        self._selector.close()
        return [arrival for arrival in found if arrival.pieces]

    def _open(self, endpoint: Endpoint) -> None:
        opened = open_socket(endpoint, self._settings.unix_mode)
        counters = self.counters[str(endpoint)] = Counters()
        listener: _Streams | Datagrams
        if endpoint.scheme == "udp":
            listener = Datagrams(opened, counters, self._forms)
        else:
            listener = _Streams(endpoint, opened, counters, None)
        self._listeners.append(listener)
        self._selector.register(opened, selectors.EVENT_READ, listener)
        if isinstance(listener, _Streams) and endpoint.scheme == "tls":
            if self._settings.tls is None:
                raise ConfigError(f"listen.tls.cert_file: {endpoint} needs it")
            listener.context = self._settings.tls()

    def _take(
        self, peer: "_Streams | Datagrams | Connection"
    ) -> Iterator[tuple[Arrival, int]]:
        if isinstance(peer, _Streams):
            self._accept(peer)
        elif isinstance(peer, Datagrams):
            yield from peer.receive()
        elif peer.handshake_until is not None:
            self._shake_hands(peer)
        else:
            pieces, size, ended = peer.receive()
            if ended:
                self._drop(peer)
            elif peer.has_more:
                self._more[peer] = None
            yield Arrival(peer.host, pieces), size

    def _accept(self, listener: _Streams) -> None:
        for _ in range(_MOST_ACCEPTS):
            try:
                opened, address = listener.socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _FULL:
                    self._say(f"{listener.endpoint}: {error.strerror}")
                    # Whoever waits is still ready, and would be asked without a rest.
                    time.sleep(0.1)
                    return
                continue
            try:
                self._admit(listener, opened, address)
            except OSError:
                # It was gone before it was known.
                opened.close()

    def _admit(
        self, listener: _Streams, opened: socket.socket, address: object
    ) -> None:
        host = sender_of(address)
        if self._is_full(listener, host):
            listener.counters.refused += 1
            opened.close()
            return
        opened.setblocking(False)
        until = None
        if listener.endpoint.scheme != "unix":
            keep_alive(opened)
        if listener.context is not None:
            opened = listener.context.wrap_socket(
                opened, server_side=True, do_handshake_on_connect=False
            )
            until = time.monotonic() + self._settings.handshake_timeout
        connection = Connection(opened, host, listener.counters, self._forms, until)
        self._selector.register(opened, selectors.EVENT_READ, connection)
        self._connections.add(connection)
        if until is not None:
            self._shaking[connection] = None
        if host is not None:
            self._senders[host] += 1
        listener.counters.accepted += 1
        listener.counters.open += 1

    def _is_full(self, listener: _Streams, host: str | None) -> bool:
        if len(self._connections) >= self._settings.max_connections:
            self._say(
                f"{listener.endpoint}: a sender is refused: there are"
                f" {len(self._connections)} connections (listen.max_connections)"
            )
            return True
        if host is not None and self._senders[host] >= self._settings.max_per_sender:
            self._say(
                f"{listener.endpoint}: {host} is refused: it has"
                f" {self._senders[host]} connections (listen.max_per_sender)"
            )
            return True
        return False

    def _shake_hands(self, connection: Connection) -> None:
        try:
            wanted = connection.shake_hands()
        except OSError as error:
            self._fail_handshake(connection, error.strerror or str(error))
            return
        if connection.handshake_until is None:
            self._shaking.pop(connection, None)
            # What came with the end of the handshake, the system does not tell again.
            self._more[connection] = None
        self._selector.modify(connection.socket, wanted, connection)

    def _end_slow_handshakes(self) -> None:
        now = time.monotonic()
        for connection in list(self._shaking):
            if (connection.handshake_until or now) > now:
                break
            self._fail_handshake(connection, "no handshake in time")

    def _fail_handshake(self, connection: Connection, why: str) -> None:
        connection.counters.handshakes_failed += 1
        self._say(f"TLS with {connection.host or 'a sender'}: {why}", "TLS")
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._shaking.pop(connection, None)
        self._more.pop(connection, None)
        if connection.host is not None:
            self._senders[connection.host] -= 1
            if not self._senders[connection.host]:
                del self._senders[connection.host]
        connection.counters.open -= 1
        self._forget(connection.socket)

    def _forget(self, opened: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(opened)
        opened.close()

    def _say(self, text: str, kind: str = "full") -> None:
        """Warn, of each kind once an hour: who connects can do so without end."""
        now = time.monotonic()
        if now >= self._silent_until.get(kind, 0.0):
            self._silent_until[kind] = now + _SECONDS_BETWEEN_WORDS
            _log.warning("%s", text)

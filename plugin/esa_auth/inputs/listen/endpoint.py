"""An address at which lines are received: its text, and its socket."""

import logging
import os
import resource
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass

from esa_auth.errors import ConfigError

_SCHEMES = ("tcp", "tls", "udp", "unix")
# The system waits so long for a peer that says nothing, and asks three times: a
# connection whose other end is gone is closed after two minutes.
_KEEPALIVE = (
    (socket.SO_KEEPALIVE, socket.SOL_SOCKET, 1),
    (socket.TCP_KEEPIDLE, socket.IPPROTO_TCP, 60),
    (socket.TCP_KEEPINTVL, socket.IPPROTO_TCP, 20),
    (socket.TCP_KEEPCNT, socket.IPPROTO_TCP, 3),
)
_BACKLOG = 128
_DATAGRAMS = 4 << 20
# SO_RXQ_OVFL of Linux, which Python has no name for: how many datagrams were dropped.
OVERFLOW = 40

_log = logging.getLogger("esa_auth")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``scheme`` is tcp, tls, udp or unix; a Unix socket has a ``path`` only."""

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        """Return it as `read_endpoint` takes it."""
        if self.path:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def read_endpoint(where: str, text: str) -> Endpoint:
    """Return what ``text`` says: ``tcp://HOST:PORT``, tls, udp, or ``unix:/PATH``.

    Raises:
        ConfigError: it is no such address; ``where`` names the key.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "unix" and rest.startswith("/"):
        return Endpoint(scheme, path=rest if rest[1:2] != "/" else rest[2:])
    host, colon, port = rest.removeprefix("//").rpartition(":")
    good = rest.startswith("//") and colon and port.isascii() and port.isdigit()
    if scheme not in _SCHEMES[:3] or not good or int(port) > 65535:
        raise ConfigError(
            f"{where}: {text!r:.80}: expected tcp://HOST:PORT, tls://HOST:PORT,"
            " udp://HOST:PORT or unix:/PATH"
        )
    bare = host.removeprefix("[").removesuffix("]")
    if ":" in bare and bare == host:
        raise ConfigError(f"{where}: {text!r:.80}: an IPv6 address needs brackets")
    return Endpoint(scheme, bare or "0.0.0.0", int(port))  # noqa: S104 - as asked


def open_socket(endpoint: Endpoint, mode: int) -> socket.socket:
    """Return a socket that receives at ``endpoint``; ``mode`` is of a Unix socket.

    Raises:
        ConfigError: nobody may listen there, or somebody does.
    """
    try:
        if endpoint.path:
            return _unix(endpoint.path, mode)
        return _internet(endpoint)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"listen.addresses: {endpoint}: {why}") from error


def _internet(endpoint: Endpoint) -> socket.socket:
    datagrams = endpoint.scheme == "udp"
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    found = socket.getaddrinfo(
        endpoint.host, endpoint.port, type=kind, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = found[0]
    opened = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6:
            # [::] takes senders of both kinds.
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if datagrams:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DATAGRAMS)
            opened.setsockopt(socket.SOL_SOCKET, OVERFLOW, 1)
        else:
            # Otherwise a restart waits until the system forgets old connections.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        if not datagrams:
            opened.listen(_BACKLOG)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


def _unix(path: str, mode: int) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_left_over(path)
        # Nobody may connect before the mode is set.
        before = os.umask(0o177)
        try:
            opened.bind(path)
        finally:
            os.umask(before)
        os.chmod(path, mode)
        opened.listen(_BACKLOG)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


def _remove_left_over(path: str) -> None:
    """Remove a socket that nobody listens at: a process that was killed left it.

    Raises:
        OSError: somebody listens, or it is something else.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(17, "is there and is no socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            try:
                asking.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)
            else:
                raise FileExistsError(17, "another process listens there")


def keep_alive(connection: socket.socket) -> None:
    """Have the system ask a silent peer whether it is still there."""
    for option, level, value in _KEEPALIVE:
        connection.setsockopt(level, option, value)


def remove(endpoint: Endpoint) -> None:
    """Remove the file of a Unix socket."""
    if endpoint.path:
        with suppress(OSError):
            os.unlink(endpoint.path)


def raise_file_limit(files: int) -> None:
    """Let us have as many open files, as far as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        most = files if hard == resource.RLIM_INFINITY else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        if most < files:
            _log.warning(
                "listen.max_connections: %d files may be open, %d would be", most, files
            )

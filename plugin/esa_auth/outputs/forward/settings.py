"""What a user can set about the forward destination."""

import re
from dataclasses import dataclass, field

from esa_auth.errors import ConfigError
from esa_auth.outputs.tls import TlsSettings

# A tag becomes a file name or an index name in many receivers (CVE-2026-44024).
_TAG = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}", re.ASCII)
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """Receiver, credentials and limits. Times are seconds.

    Raises:
        ConfigError: a value is out of range; the text begins with its name.
    """

    host: str
    port: int = 24224
    tag: str = "esa.auth"
    connect_timeout: float = 10.0
    """For the connection and again for TLS with the handshake."""
    ack_timeout: float = 30.0
    """From the first byte of a chunk to its acknowledgement."""
    first_delay: float = 0.5
    """Before the second try; doubles with each failure in a row."""
    max_delay: float = 60.0
    """Longest time between two tries."""
    shared_key: str | None = field(default=None, repr=False)
    self_hostname: str = "esa-auth"
    """Our name in the handshake. Receivers refuse a client named like themselves."""
    username: str = ""
    password: str = field(default="", repr=False)
    tls: TlsSettings | None = None
    gzip: bool = False
    max_batch_events: int = 1000
    max_batch_bytes: int = 1 << 20
    """Packed size of a chunk's events; a single larger event goes alone."""
    max_in_flight: int = 4
    """Chunks written before the first one's acknowledgement must be there."""

    def __post_init__(self) -> None:
        for name, valid in (
            ("host", _is_name(self.host)),
            ("port", 0 < self.port <= _MAX_PORT),
            ("tag", _TAG.fullmatch(self.tag) is not None),
            ("connect_timeout", self.connect_timeout > 0),
            ("ack_timeout", self.ack_timeout > 0),
            ("first_delay", self.first_delay > 0),
            ("max_delay", self.max_delay >= self.first_delay),
            ("shared_key", self.shared_key != ""),
            ("self_hostname", _is_name(self.self_hostname)),
            ("username", not self.username or self._can_use_names),
            ("password", not self.password or bool(self.username)),
            ("max_batch_events", self.max_batch_events > 0),
            ("max_batch_bytes", self.max_batch_bytes > 0),
            ("max_in_flight", self.max_in_flight > 0),
        ):
            if not valid:
                raise ConfigError(f"{name}: value not allowed for --forward")

    @property
    def _can_use_names(self) -> bool:
        return self.shared_key is not None and _is_name(self.username)

    @property
    def address(self) -> str:
        """``host:port`` as people write it, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def host_and_port(text: str) -> tuple[str, int]:
    """Return the two parts of the address of a receiver.

    Raises:
        ConfigError: it is something else, and the text says what is wanted.
    """
    wanted = "HOST:PORT is wanted, as 192.0.2.20:24224"
    if "://" in text:
        raise ConfigError(f"{text!r:.80}: {wanted}, without a scheme and a path")
    host, _, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        raise ConfigError(f"{text!r:.80}: {wanted}")
    if not 0 < int(port[:9]) <= _MAX_PORT:
        raise ConfigError(f"{text!r:.80}: a port is 1 to {_MAX_PORT}")
    return host.strip("[]"), int(port)


def _is_name(text: str) -> bool:
    # Undecodable bytes of a command line are surrogates, which are not printable.
    return bool(text) and text.isprintable()

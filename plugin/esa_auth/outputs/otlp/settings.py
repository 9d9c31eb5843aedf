"""What a user can set about the OTLP destination."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from esa_auth.errors import ConfigError
from esa_auth.outputs import Secret
from esa_auth.outputs.tls import TlsSettings

# The port of OTLP/HTTP; one that the URL does not name is this and not 80 or 443.
_PORT = 4318
_PATH = "/v1/logs"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# RFC 9110, 5.6.2: what the name of a header may consist of.
_TOKEN = frozenset(
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
# We say these ourselves.
_OURS = frozenset({"host", "content-length", "content-type", "content-encoding"})


@dataclass(frozen=True, slots=True)
class OtlpSettings:
    """Receiver, credentials and limits. Times are seconds."""

    host: str
    port: int
    path: str = _PATH
    encoding: str = "json"
    gzip: bool = False
    timeout: float = 30.0
    """For a connection, and again for a request and its answer."""
    tls: TlsSettings | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Added to each request; they may hold secrets."""
    service_name: str = "esa-auth"
    first_delay: float = 0.5
    """Before the second try; doubles with each failure in a row."""
    max_delay: float = 60.0
    max_batch_events: int = 500
    max_batch_bytes: int = 1 << 20
    """Of a request's events, not compressed; a single larger event goes alone."""

    @property
    def address(self) -> str:
        """``host:port`` as people write it, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_settings(section: Mapping[str, Any], secret: Secret) -> OtlpSettings:
    """Return the settings under `otlp`.

    A URL without a path is that of a receiver, whose logs go to ``/v1/logs``, as for
    ``OTEL_EXPORTER_OTLP_ENDPOINT`` of the OpenTelemetry specification; with a path it
    is taken as it is.

    Raises:
        ConfigError: a value is not allowed, or a file with a secret cannot be read.
    """
    scheme, host, port, path = _parts(section["url"])
    headers = _headers(secret("otlp.headers_file", section["headers_file"]))
    token = secret("otlp.bearer_token_file", section["bearer_token_file"])
    if token is not None:
        headers += (("Authorization", f"Bearer {_value(token, 'bearer_token_file')}"),)
    if headers and scheme == "http" and host not in _LOOPBACK:
        raise ConfigError(f"otlp.url: {section['url']}: secrets in headers need https")
    tls = TlsSettings.of(section["tls"]) if scheme == "https" else None
    if tls is None and any(section["tls"].values()):
        raise ConfigError("otlp.tls: needs a URL that begins with https://")
    return OtlpSettings(
        host,
        port,
        path,
        section["encoding"],
        section["gzip"],
        section["timeout"],
        tls,
        headers,
        section["service_name"],
    )


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError as error:
        raise ConfigError(f"otlp.url: {url!r:.200}: {error}") from error
    host = found.hostname
    if found.scheme not in ("http", "https") or not host:
        raise ConfigError(f"otlp.url: {url!r:.200}: expected http(s)://HOST:PORT")
    if found.username is not None or found.password is not None:
        raise ConfigError("otlp.url: no password here; see otlp.headers_file")
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ConfigError(f"otlp.url: {url!r:.200}: blank or not ASCII")
    path = _PATH if found.path in ("", "/") else found.path
    query = f"?{found.query}" if found.query else ""
    return found.scheme, host, port or _PORT, path + query


def _headers(text: str | None) -> tuple[tuple[str, str], ...]:
    """Return the headers of a file, a line ``Name: value`` each."""
    found = []
    for line in (text or "").splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        name = name.strip()
        if not (colon and name and set(name) <= _TOKEN):
            # The line is not quoted: it may be the secret itself.
            raise ConfigError("otlp.headers_file: expected lines 'Name: value'")
        if name.lower() in _OURS:
            raise ConfigError(f"otlp.headers_file: {name}: is not yours to set")
        found.append((name, _value(value.strip(), "headers_file")))
    return tuple(found)


def _value(text: str, key: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ConfigError(f"otlp.{key}: characters that no header can hold")
    return text

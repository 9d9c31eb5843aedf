"""TLS towards a receiver."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from esa_auth.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Whom we trust and who we are; the receiver's certificate is always verified."""

    ca_file: Path | None = None
    """PEM file of trusted authorities; without it, those of the system."""
    server_name: str | None = None
    """Name the certificate must be for; without it, the host."""
    cert_file: Path | None = None
    """PEM file of our own certificate, if the receiver asks for one."""
    key_file: Path | None = None
    """PEM file of its key, unencrypted; without it, looked for in ``cert_file``."""

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> "TlsSettings":
        """Return what a section ``tls`` of the configuration says."""
        files = {k: Path(v) for k, v in section.items() if k.endswith("_file") and v}
        return cls(server_name=section["server_name"], **files)


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name.

    Raises:
        ConfigError: a file cannot be read or holds no certificate or key.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigError(f"tls.ca_file: {settings.ca_file}: {error}") from error
    if settings.cert_file is not None:
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
        except OSError as error:
            raise ConfigError(
                f"tls.cert_file: {settings.cert_file}: {error}"
            ) from error
    return context

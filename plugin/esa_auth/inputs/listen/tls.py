"""The TLS context of listeners."""

import ssl
from dataclasses import dataclass

from esa_auth.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: our certificate and key, and the authority of senders' certificates.

    With ``client_ca_file`` a sender without a certificate of it is refused.
    """

    cert_file: str
    key_file: str | None = None
    client_ca_file: str | None = None


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a context of TLS 1.2 and newer.

    Raises:
        ConfigError: a file cannot be read or holds no certificate or key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A sender that writes, never reads, and closes with a ticket unread, resets the
    # connection, and what we have not read of it is gone.
    context.num_tickets = 0
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(files.cert_file, files.key_file, password="")
    except OSError as error:
        where = f"listen.tls.cert_file: {files.cert_file}"
        raise ConfigError(f"{where}: {error}") from error
    if files.client_ca_file is not None:
        try:
            context.load_verify_locations(files.client_ca_file)
        except OSError as error:
            where = f"listen.tls.client_ca_file: {files.client_ca_file}"
            raise ConfigError(f"{where}: {error}") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context

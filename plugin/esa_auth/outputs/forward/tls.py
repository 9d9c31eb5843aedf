"""The TLS context of the forward destination."""

import ssl

from esa_auth.errors import ConfigError
from esa_auth.outputs.forward.settings import TlsSettings


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

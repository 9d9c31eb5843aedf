"""Settings of the addresses under `listen`."""

from functools import partial
from typing import Any

from esa_auth.inputs.listen import ListenSettings, read_endpoint
from esa_auth.inputs.listen.tls import TlsFiles, server_context


def listen_settings(tree: dict[str, Any]) -> ListenSettings:
    """Return the settings under `listen`.

    Raises:
        ConfigError: an address is none.
    """
    tls = tree["tls"]
    return ListenSettings(
        tuple(read_endpoint("listen.addresses", text) for text in tree["addresses"]),
        tree["max_connections"],
        tree["max_per_sender"],
        tree["handshake_timeout"],
        int(tree["unix_mode"], 8),
        partial(server_context, TlsFiles(**tls)) if tls["cert_file"] else None,
    )

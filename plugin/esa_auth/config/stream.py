"""Settings of the brokers that `stream` names."""

from pathlib import Path
from typing import Any

from esa_auth.config.values import read_secret
from esa_auth.errors import ConfigError
from esa_auth.stream.settings import Security, StreamSettings, Topics

_PEM = ("ca_file", "cert_file", "key_file")


def stream_settings(tree: dict[str, Any]) -> StreamSettings:
    """Return the settings under `stream`.

    Raises:
        ConfigError: a file is not there, or one with a secret cannot be read.
    """
    given = tree["security"]
    security = {k: given[k] for k in ("protocol", "sasl_mechanism", "username")}
    for key in _PEM:
        security[key] = Path(given[key]) if given[key] else None
        if given[key] and not security[key].is_file():
            raise ConfigError(f"stream.security.{key}: {given[key]}: no such file")
    for key in ("password", "key_password"):
        where = f"{key}_file"
        security[key] = read_secret(f"stream.security.{where}", given[where])
    return StreamSettings(
        **{k: v for k, v in tree.items() if k not in ("security", "topics")},
        topics=Topics(**tree["topics"]),
        security=Security(**security),
    )

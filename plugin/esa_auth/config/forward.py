"""Settings of the receiver that `forward` names."""

from pathlib import Path
from typing import Any

from esa_auth.config.values import read_secret
from esa_auth.errors import ConfigError
from esa_auth.outputs.forward import ForwardSettings, TlsSettings


def forward_settings(tree: dict[str, Any]) -> ForwardSettings:
    """Return the settings under `forward`.

    Raises:
        ConfigError: a file with a secret cannot be read, or they do not fit together.
    """
    host, _, port = tree["address"].rpartition(":")
    files = {k: Path(v) for k, v in tree["tls"].items() if k.endswith("_file") and v}
    tls = TlsSettings(server_name=tree["tls"]["server_name"], **files)
    try:
        return ForwardSettings(
            host=host.strip("[]"),
            port=int(port),
            tag=tree["tag"],
            shared_key=read_secret("forward.shared_key_file", tree["shared_key_file"]),
            self_hostname=tree["self_hostname"],
            username=tree["username"] or "",
            password=read_secret("forward.password_file", tree["password_file"]) or "",
            tls=tls if tree["tls"]["enabled"] else None,
            gzip=tree["gzip"],
            ack_timeout=tree["ack_timeout"],
        )
    except (ConfigError, ValueError) as error:
        raise ConfigError(f"forward: {error}") from error

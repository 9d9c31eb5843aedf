"""The destination ``--forward``: Fluentd's forward protocol, with acknowledgement.

Read by Fluentd, Fluent Bit, Vector and the OpenTelemetry collector. `send` returns
when the receiver has acknowledged every event. For Fluentd that means "in its
buffer": safe from a crash of Fluentd only with ``<buffer> @type file``, and worth
nothing if a ``<label @ERROR>`` section swallows what cannot be stored. No receiver
drops repeated chunks, so an event can arrive twice: the index must be keyed by
``event.id``.

Format: "Forward Protocol Specification v1" in the wiki of fluent/fluentd.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgpack

from esa_auth.errors import ConfigError
from esa_auth.outputs import Opened, Secret, Surroundings
from esa_auth.outputs.forward.chunks import Entry, pack_entry
from esa_auth.outputs.forward.output import ForwardOutput
from esa_auth.outputs.forward.settings import ForwardSettings, host_and_port
from esa_auth.outputs.tls import TlsSettings
from esa_auth.retry import Timing

__all__ = [
    "Entry",
    "ForwardOutput",
    "ForwardSettings",
    "open_output",
    "pack_entry",
    "packer",
    "read_settings",
]

# EventTime of the forward protocol ends here, in the year 2106.
_LAST_SECOND = 2**32 - 1


def read_settings(section: Mapping[str, Any], secret: Secret) -> ForwardSettings:
    """Return the settings under `forward`.

    Raises:
        ConfigError: a file with a secret cannot be read, or they do not fit together.
    """
    try:
        host, port = host_and_port(section["address"])
    except ConfigError as error:
        raise ConfigError(f"forward.address: {error}") from error
    tls = TlsSettings.of(section["tls"])
    key, password = section["shared_key_file"], section["password_file"]
    try:
        return ForwardSettings(
            host=host,
            port=port,
            tag=section["tag"],
            shared_key=secret("forward.shared_key_file", key),
            self_hostname=section["self_hostname"],
            username=section["username"] or "",
            password=secret("forward.password_file", password) or "",
            tls=tls if section["tls"]["enabled"] else None,
            gzip=section["gzip"],
            ack_timeout=section["ack_timeout"],
        )
    except ConfigError as error:
        raise ConfigError(f"forward: {error}") from error


def open_output(chosen: ForwardSettings, around: Surroundings) -> Opened:
    """Return the client of the receiver; it connects when it first sends.

    Raises:
        ConfigError: a TLS file cannot be used.
    """

    def bury(entry: Entry, reason: str) -> None:
        event_id, packed = entry
        around.bury(event_id, msgpack.unpackb(packed)[1], reason)

    timing = Timing(patience=around.patience)
    output = ForwardOutput(chosen, bury, around.stop, timing)
    return Opened(packer(around.record), output)


def packer(
    record: Callable[[dict[str, Any]], dict[str, Any]],
) -> Callable[[dict[str, Any]], Entry]:
    """Return how an event is packed, as what ``record`` makes of it."""
    return lambda event: _pack(event, _ordered(record(event)))


def _ordered(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with ``log`` before ``message``.

    fluent_forward of the OpenTelemetry collector makes the last of the two its body,
    and drops the other (seen with 0.165.1): better without the level than without the
    text.
    """
    return {"log": record["log"], **record} if "log" in record else record


def _pack(event: dict[str, Any], record: dict[str, Any]) -> Entry:
    # Outside of what EventTime can hold, @timestamp in the record is still right.
    stamp: str = event["@timestamp"]
    seconds = int(datetime.fromisoformat(f"{stamp[:19]}+00:00").timestamp())
    seconds = min(max(seconds, 1), _LAST_SECOND)
    nanoseconds = int(stamp[20:23]) * 1_000_000
    return pack_entry(event["event"]["id"], seconds, nanoseconds, record)

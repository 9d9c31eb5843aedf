"""The destination ``--otlp``: OpenTelemetry's protocol for logs, over HTTP.

`records` says under which names a field arrives, `output` what is promised.

Format: "OpenTelemetry Protocol Specification", OTLP/HTTP; the messages are those of
opentelemetry-proto 1.x, `opentelemetry/proto/logs/v1/logs.proto`.
"""

import time
from collections.abc import Callable
from typing import Any

from esa_auth.errors import ConfigError, MissingExtraError
from esa_auth.outputs import Opened, Surroundings
from esa_auth.outputs.otlp.output import Item, OtlpOutput
from esa_auth.outputs.otlp.records import LogRecord, log_record
from esa_auth.outputs.otlp.settings import OtlpSettings, read_settings
from esa_auth.retry import Timing

__all__ = [
    "Item",
    "OtlpOutput",
    "OtlpSettings",
    "open_output",
    "packer",
    "read_settings",
]


def open_output(chosen: OtlpSettings, around: Surroundings) -> Opened:
    """Return the client of the receiver; it connects when it first sends.

    Raises:
        ConfigError: a TLS file cannot be used, or a package is missing.
    """
    if around.schema != "ecs":
        raise ConfigError(f"output.schema: {around.schema}: not with otlp.url")

    def bury(item: Item, reason: str) -> None:
        around.bury(item.event_id, item.record, reason)

    timing = Timing(patience=around.patience)
    try:
        output = OtlpOutput(chosen, bury, around.stop, timing)
    except ModuleNotFoundError as error:
        raise MissingExtraError("otlp.encoding", error.name, "otlp") from error
    return Opened(packer(output.encoding.record), output)


def packer(
    pack: Callable[[LogRecord], bytes], now: Callable[[], int] = time.time_ns
) -> Callable[[dict[str, Any]], Item]:
    """Return how an event becomes an item; ``now`` is the time it was observed."""

    def item(event: dict[str, Any]) -> Item:
        return Item(event["event"]["id"], event, pack(log_record(event, now())))

    return item

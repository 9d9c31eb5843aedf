"""What is refused -> a dead letter: never to the main output, never lost."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from esa_auth.ecs.events import DATASET, ECS_VERSION, MODULE


def dead_letter(
    raw: bytes, error_type: str, reasons: Sequence[str], read_at: str, appliance: str
) -> dict[str, Any]:
    """Return the `event.kind: pipeline_error` document of a refused line.

    ``read_at`` is the time of reading (ISO 8601, UTC), which is also ``@timestamp``
    because the line's own time may be what is wrong with it. ``original_base64`` holds
    the exact bytes, so that a replay reads what was read.
    """
    return {
        "@timestamp": read_at,
        "ecs": {"version": ECS_VERSION},
        "event": {
            "kind": "pipeline_error",
            "module": MODULE,
            "dataset": DATASET,
            "created": read_at,
            "hash": hashlib.sha256(raw).hexdigest(),
            "original": raw.decode("utf-8", "backslashreplace"),
        },
        "error": {"type": error_type, "message": "; ".join(reasons)},
        "observer": {"name": appliance},
        "cisco_esa": {
            "reasons": list(reasons),
            "original_base64": b64encode(raw).decode(),
        },
    }

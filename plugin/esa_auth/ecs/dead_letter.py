"""What is refused -> a dead letter: never to the main output, never lost."""

import hashlib
from base64 import b64encode
from typing import Any

from esa_auth.ecs.context import ECS_VERSION
from esa_auth.ecs.events import DATASET, MODULE
from esa_auth.model.dead_letter import DeadLetter


def dead_letter(letter: DeadLetter, read_at: str) -> dict[str, Any]:
    """Return the `event.kind: pipeline_error` document of a refused line.

    ``read_at`` is the time of reading (ISO 8601, UTC), which is also ``@timestamp``
    because the line's own time may be what is wrong with it. ``original_base64`` holds
    the exact bytes and ``replay`` what else the line was read with, so that a replay
    reads what was read.
    """
    return {
        "@timestamp": read_at,
        "ecs": {"version": ECS_VERSION},
        "event": {
            "kind": "pipeline_error",
            "module": MODULE,
            "dataset": DATASET,
            "created": read_at,
            "hash": hashlib.sha256(letter.raw).hexdigest(),
            "original": letter.raw.decode("utf-8", "backslashreplace"),
        },
        "error": {"type": letter.why, "message": "; ".join(letter.reasons)},
        "observer": {"name": letter.appliance},
        "cisco_esa": {
            "reasons": list(letter.reasons),
            "original_base64": b64encode(letter.raw).decode(),
            "replay": letter.hints.as_dict(),
        },
    }

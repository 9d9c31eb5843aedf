"""What the commands that write events and dead letters share."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgpack
import orjson

from esa_auth.config import Config
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.outputs.descriptor import write_all
from esa_auth.pipeline import Pipeline


def encoder(form: str) -> Callable[[dict[str, Any]], bytes]:
    """Return how an event is written on stdout."""
    if form == "msgpack":
        pack = msgpack.Packer().pack
        return lambda event: bytes(pack(event))
    dumps, newline = orjson.dumps, orjson.OPT_APPEND_NEWLINE
    return lambda event: dumps(event, None, newline)


def read_time() -> str:
    """Return the present, as dead letters carry it."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return now.removesuffix("+00:00") + "Z"


def dead_letters(
    config: Config, stopped: Callable[[], bool] = lambda: False
) -> DeadLetters:
    """Return where ``config`` wants dead letters; ``stopped`` ends a wait for space.

    Raises:
        ConfigError: the file cannot be written.
    """
    return DeadLetters(
        config.dead_letter,
        config.dead_letter_max_bytes,
        config.dead_letter_keep,
        time.sleep,
        stopped,
    )


def deliver(pipeline: Pipeline[bytes], letters: DeadLetters) -> None:
    """Write what the pipeline made: dead letters, and events on stdout.

    Raises:
        OutputGoneError, TemporaryError: as `write_all` and `DeadLetters.write`.
    """
    if dead := pipeline.take_dead():
        letters.write(dead)
    if events := pipeline.take_events():
        write_all(sys.stdout.fileno(), b"".join(events))

"""One key's state and pipelines as a worker has them, without any broker."""

from typing import Any

import orjson

from esa_auth.commands.stream import Lines
from esa_auth.config import load
from esa_auth.stream.keyed import KeyedPipelines
from esa_auth.stream.settings import Outgoing
from tests.kafka.lines import CAP, MAX_AGE, fleet

NOW = 1_790_000_000
PLACE = ("raw", 0, b"esa000")


class State:
    """One key's state as the engine keeps it: nothing counts before a commit."""

    def __init__(self) -> None:
        self.committed: dict[bytes, bytes] = {}
        self.open: dict[bytes, bytes | None] = {}
        self.largest = 0

    def get_bytes(self, key: bytes, /) -> bytes | None:
        return self.open[key] if key in self.open else self.committed.get(key)

    def set_bytes(self, key: bytes, value: bytes, /) -> None:
        self.largest = max(self.largest, len(value))
        self.open[key] = value

    def delete(self, key: bytes, /) -> None:
        self.open[key] = None

    def commit(self) -> int:
        """Take what is open; return how many entries that was."""
        changed, self.open = self.open, {}
        self.committed |= {k: v for k, v in changed.items() if v is not None}
        for key, value in changed.items():
            if value is None:
                self.committed.pop(key, None)
        return len(changed)


def lines_of(**settings: Any) -> Lines:
    sessions = {"sessions.cap": CAP, "sessions.max_age": MAX_AGE}
    return Lines(load(None, sessions | settings, NOW))


def one_appliance(lines: int, seed: int) -> list[bytes]:
    return [line.raw for line in fleet(lines, 1, seed)]


def told(messages: list[Outgoing]) -> list[dict[str, Any]]:
    """Return events and dead letters, less the time at which a line was read."""
    found = [orjson.loads(message.value) for message in messages]
    for document in found:
        if document["event"]["kind"] == "pipeline_error":
            del document["@timestamp"], document["event"]["created"]
    return found


def pipelines_of(lines: Lines) -> KeyedPipelines[Outgoing]:
    return KeyedPipelines(lines.pipeline, lines.feed, lines.take)


def undisturbed(
    raw: list[bytes], lines: Lines, key: bytes = PLACE[2]
) -> list[Outgoing]:
    pipeline, made = lines.pipeline(), []
    for line in raw:
        lines.feed(pipeline, key, line)
        made += lines.take(pipeline, key)
    return made

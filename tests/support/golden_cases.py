"""The folders under `golden/`: what goes in, and the pipeline's answer to it.

A case is a folder named as a claim. `input.log` (or `input.json`, `input.msgpack`,
`input.sender`) is what stands on stdin, `config.yaml` the configuration if it is not
the default, `expected.ndjson` the events and `counters.json` the counts and dead
letters. The tables that `config.yaml` names are in the folder, those of MaxMind's
format as JSON.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from esa_auth.commands.opening import enriched
from esa_auth.config import load
from esa_auth.envelope import has_prefix
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.pipeline import Pipeline
from tests.support.mmdb import write_mmdb

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(folder for folder in GOLDEN.iterdir() if folder.is_dir())

# 1 July 2026: stamps without a year are of the year before it.
REFERENCE = 1_782_864_000
# Written only where they are not 0.
RARE = ("unknown_heads", "repeats_unread", "session_progress")
READ_AT = "2026-07-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out for a case."""

    events: list[dict[str, Any]]
    dead: list[dict[str, Any]]
    counters: dict[str, int]

    def expected(self) -> str:
        """Return the text of `expected.ndjson`."""
        return "".join(json.dumps(e, sort_keys=True) + "\n" for e in self.events)

    def counts(self) -> str:
        """Return the text of `counters.json`."""
        letters = [
            {
                "type": letter["error"]["type"],
                "reasons": letter["cisco_esa"]["reasons"],
                "original": letter["event"]["original"],
            }
            for letter in self.dead
        ]
        counters = {k: n for k, n in self.counters.items() if n or k not in RARE}
        tree = {"counters": counters, "dead_letters": letters}
        return json.dumps(tree, indent=2, sort_keys=True) + "\n"


def input_of(case: Path) -> Path:
    """Return the one file of ``case`` that stands on stdin."""
    (found,) = case.glob("input.*")
    return found


@cache
def answer(case: Path, block: int = 1 << 20) -> Answer:
    """Run ``case`` as `esa-auth filter` does, reading ``block`` bytes at a time."""
    own = case / "config.yaml"
    config = load(str(own) if own.exists() else None, {}, REFERENCE)
    with tempfile.TemporaryDirectory() as scratch:
        tables = {k: _table(case, v, scratch) for k, v in config.tables.items()}
        config, _ = enriched(replace(config, tables=tables))
    pipeline = Pipeline(config.pipeline, lambda: READ_AT, as_json=True)
    decoder = Decoder(
        pipeline,
        among(config.input_format),
        config.terms,
        begins_record=has_prefix if config.join_wrapped else None,
    )
    for piece in _blocks(input_of(case).read_bytes(), block):
        if not decoder.feed(piece):
            break
    decoder.finish()
    pipeline.drain()
    pipeline.counters.wrapped_joined = decoder.joined
    events = [json.loads(event) for event in pipeline.take_lines()]
    counters = pipeline.counters.as_dict()
    return Answer(events, pipeline.take_dead(), counters)


def golden_events() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every event of every case, with the case's name."""
    for case in CASES:
        for line in (case / "expected.ndjson").read_text("utf-8").splitlines():
            yield case.name, json.loads(line)


def _table(case: Path, name: str, scratch: str) -> str:
    """Return the path of a table of ``case``."""
    if not name.endswith(".mmdb"):
        return str(case / name)
    records = json.loads((case / f"{name}.json").read_text("utf-8"))
    return str(write_mmdb(Path(scratch, name), records))


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]

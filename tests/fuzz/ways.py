"""A log read in each way there is: documents, templates, native code.

What comes out is the same to the byte.
"""

from collections.abc import Iterator
from dataclasses import astuple, replace
from typing import Any
from unittest.mock import patch

from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.inputs.records import Keys, Terms
from esa_auth.pipeline import Pipeline, writer
from esa_auth.pipeline.native import IS_BUILT
from tests.fuzz.frames import SETTINGS, Log
from tests.support.harness import READ_AT

# `whole` has no templates.
WAYS = {
    "documents": replace(SETTINGS, whole=True, native=False),
    "templates": replace(SETTINGS, native=False),
    "native code": replace(SETTINGS, native=True),
}


def differing_ways(log: Log) -> Iterator[str]:
    """Say what is not the same in every way."""
    names = list(WAYS)[: None if IS_BUILT else 2]
    found = {name: outcome(log, name) for name in names}
    wanted = found.pop("documents")
    for name, got in found.items():
        for what, value in wanted.items():
            if got[what] != value:
                yield f"{what} by {name}: {got[what]!r}, not {value!r}"


def outcome(log: Log, way: str) -> dict[str, Any]:
    """Return all that comes out of ``log``."""
    settings = WAYS[way]
    # From the first event on.
    with patch.object(writer, "WORTH_IT", 0):
        pipeline = Pipeline(settings, lambda: READ_AT, as_json=True)
        decoder = Decoder(
            pipeline, among(log.form), Terms(Keys(), settings.max_line, settings.native)
        )
        for block in log.blocks:
            if not decoder.feed(block):
                break
        decoder.finish()
        pipeline.drain()
    return {
        "events": pipeline.take_lines(),
        "dead letters": pipeline.take_dead(),
        "counters": astuple(pipeline.counters),
    }

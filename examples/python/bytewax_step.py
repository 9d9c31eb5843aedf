"""A Bytewax flow with a step that joins the lines of each appliance.

python -m bytewax.run examples.python.bytewax_step reads the log of the quick start.
Bytewax keeps the snapshots of the step, so that a worker goes on where one has stopped.
"""

import json
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.connectors.stdio import StdOutSink
from bytewax.dataflow import Dataflow
from bytewax.operators import KeyedStream, StatefulLogic

import esa_auth

LOG = Path(__file__).parents[1] / "quickstart" / "mail_logs"
Event = dict[str, Any]


class Join(StatefulLogic[str, Event, bytes]):
    """Lines of one appliance in, events out."""

    def __init__(self, saved: bytes | None) -> None:
        self.joiner = esa_auth.Joiner(live=True)
        if saved is not None:
            self.joiner.restore(saved)

    def on_item(self, value: str) -> tuple[list[Event], bool]:
        """Take a line; the state is kept."""
        return self.joiner.feed(value), StatefulLogic.RETAIN

    def snapshot(self) -> bytes:
        """Return what a worker needs to go on."""
        return self.joiner.snapshot()


def events(lines: KeyedStream[str]) -> KeyedStream[Event]:
    """Return the events of ``lines``, which are keyed by their appliance."""
    return op.stateful("join", lines, Join)


flow = Dataflow("esa_auth")
log = op.input("log", flow, FileSource(LOG))
keyed = op.key_on("appliance", log, lambda line: "esa01")
found = op.key_rm("events", events(keyed))
op.output("out", op.map("json", found, json.dumps), StdOutSink())

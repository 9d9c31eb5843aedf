"""AWS Lambda: a batch of lines in, events out, the sessions kept between two calls.

Lambda calls `handler` with records of Kinesis, whose data is a line in base64. One
shard holds the lines of an appliance in their order, and its calls come one after the
other: the state has its name. `STORE` stands for S3 or DynamoDB; `deliver` for what
takes the events. An event that is delivered twice has the same `event.id`.
"""

import base64
import json
from collections.abc import MutableMapping
from typing import Any

import esa_auth

STORE: MutableMapping[str, bytes] = {}


def deliver(events: list[dict[str, Any]]) -> None:
    """Hand events on; here, to the log of the function."""
    for event in events:
        print(json.dumps(event))


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Read a batch; return what became of its lines."""
    records = event["Records"]
    shard = records[0]["eventID"].partition(":")[0]
    joiner = esa_auth.Joiner(live=True)
    if shard in STORE:
        joiner.restore(STORE[shard])
    lines = [base64.b64decode(record["kinesis"]["data"]) for record in records]
    deliver(joiner.feed(lines))
    deliver(joiner.dead_letters)
    # Behind the delivery: a call that fails before is made again with the old state.
    STORE[shard] = joiner.snapshot()
    return joiner.counters

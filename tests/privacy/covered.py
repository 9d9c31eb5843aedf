"""Settings that cover names, and all that is written and saved with them."""

from dataclasses import replace

import msgpack
import orjson

from esa_auth.pipeline import Settings
from esa_auth.pipeline.ledger import Ledger
from tests.support.harness import Run, made

KEY = b"k" * 32
SETTINGS = Settings(
    reference=1_782_864_000, id_key=b"i" * 32, pseudonym_key=KEY, redact=True
)
PLAIN = replace(SETTINGS, pseudonym_key=None, redact=False)


def written(got: Run) -> bytes:
    return orjson.dumps([got.events, got.dead, got.counters.as_dict()])


def state_of(lines: list[bytes]) -> bytes:
    pipeline = made(SETTINGS)
    pipeline.feed(lines)
    ledger = Ledger(pipeline.registry.named(SETTINGS.appliance))
    changes = b"".join(value or b"" for _, value in ledger.changes())
    packed: bytes = msgpack.packb(pipeline.snapshot())
    return packed + changes

"""Long logs with native code and without, see `python -m tests.fuzz.volume --help`.

Generated traffic of one appliance, a tenth of its lines with a word that was changed,
lost or doubled, in the four framings in turn. What comes out is the same to the byte.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from typing import Any, NamedTuple

import msgpack
import orjson

from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.inputs.records import Keys, Terms
from esa_auth.pipeline import Pipeline
from esa_auth.pipeline.native import IS_BUILT
from tests.bench.corpora import Spec, stamped
from tests.pipeline.test_writer import mutated
from tests.support.harness import READ_AT, SETTINGS

# So many lines of each are one log.
ORDINARY, FLOOD = 15_000, 5_000
BLOCK = 1 << 18

FRAMES: dict[str, Callable[[bytes], bytes]] = {
    "native": lambda line: line + b"\n",
    "syslog": lambda line: b"<166>%b esa01 mail_logs: %b\n" % (line[4:19], line[25:]),
    "json": lambda line: orjson.dumps(
        {"message": line.decode("utf-8", "replace"), "host": "esa01"},
        option=orjson.OPT_APPEND_NEWLINE,
    ),
    "msgpack": lambda line: bytes(msgpack.packb({"message": line, "host": "esa01"})),
}


def log(seed: int) -> Iterator[bytes]:
    """Yield the lines of a log, without their newline."""
    specs = Spec("ordinary", ORDINARY, seed), Spec("flood", FLOOD, seed)
    lines = [
        line.encode() for spec in specs for second in stamped(spec) for line in second
    ]
    return mutated(lines, seed)


class Outcome(NamedTuple):
    """All that comes out of a log."""

    events: list[bytes]
    dead: list[dict[str, Any]]
    counters: tuple[Any, ...]


def outcome(framing: str, data: bytes, *, native: bool) -> Outcome:
    """Read a log in blocks, as a command does."""
    settings = replace(SETTINGS, native=native)
    pipeline = Pipeline(settings, lambda: READ_AT, as_json=True)
    decoder = Decoder(
        pipeline, among(framing), Terms(Keys(), settings.max_line, settings.native)
    )
    for at in range(0, len(data), BLOCK):
        decoder.feed(data[at : at + BLOCK])
    decoder.finish()
    pipeline.drain()
    count = astuple(pipeline.counters)
    return Outcome(pipeline.take_lines(), pipeline.take_dead(), count)


def main() -> int:
    """Compare; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.volume")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not IS_BUILT:
        print("native code is not built: there is nothing to compare")
        return 0
    done = events = 0
    framings = list(FRAMES)
    while done < options.lines:
        framing = framings[options.seed % len(framings)]
        lines = list(log(options.seed))
        data = b"".join(map(FRAMES[framing], lines))
        natively = outcome(framing, data, native=True)
        if natively != outcome(framing, data, native=False):
            print(f"not the same: {framing}, --seed {options.seed}")
            return 1
        done += len(lines)
        events += len(natively.events)
        options.seed += 1
    print(f"{done} lines in {', '.join(framings)}: {events} events, all the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())

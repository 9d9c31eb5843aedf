"""`esa-auth filter`: lines on stdin, events on stdout."""

import argparse
import gc
import logging
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from esa_auth.commands.delivery import dead_letters, deliver, encoder, read_time
from esa_auth.commands.options import add_config, add_input, add_output, load_config
from esa_auth.config import Config
from esa_auth.envelope import has_prefix
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.stream import Stream
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.pipeline import Pipeline
from esa_auth.state import Memory, StateDirectory

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

log = logging.getLogger("esa_auth")


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    parser = subcommands.add_parser("filter", help="lines on stdin, events on stdout")
    add_config(parser)
    add_input(parser)
    add_output(parser)
    add = parser.add_argument
    add("--state-dir", metavar="DIR", help="keep open sessions for the next start")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Filter stdin to its end; return the exit code."""
    config = load_config(args)
    # Nothing here makes reference cycles (a test holds it), and looking for them among
    # a million open sessions would cost more than the work.
    gc.disable()
    stream = Stream(sys.stdin.fileno())
    stream.watch_signals()
    pipeline = Pipeline(config.pipeline, encoder(config.output_format), read_time)
    with ExitStack() as held:
        memory = None
        if config.state_directory:
            memory = Memory(
                held.enter_context(StateDirectory.open(config.state_directory))
            )
            memory.recall(pipeline)
        letters = dead_letters(config, lambda: stream.over)
        try:
            _filter(config, stream, pipeline, letters, memory)
        finally:
            log.info(pipeline.counters.closing_line())
            if memory:
                memory.keep(pipeline)
    return 0


def _filter(
    config: Config,
    stream: Stream,
    pipeline: Pipeline[bytes],
    letters: DeadLetters,
    memory: Memory | None,
) -> None:
    decoder = Decoder(
        pipeline,
        config.input_format,
        config.keys,
        config.pipeline.max_line,
        begins_record=has_prefix if config.join_wrapped else None,
    )
    # What a block makes is written before the next read: no event waits for a line
    # that may never come.
    while (block := stream.read()) and decoder.feed(block):
        deliver(pipeline, letters)
        if memory:
            memory.keep_now_and_then(pipeline)
    decoder.finish()
    if memory is None:
        pipeline.drain()
    pipeline.counters.wrapped_joined = decoder.joined
    deliver(pipeline, letters)

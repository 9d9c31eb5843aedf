"""`esa-auth filter`: lines on stdin, events on stdout or to a receiver."""

import argparse
import gc
import logging
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from esa_auth.commands.delivery import Run
from esa_auth.commands.doubt import DoubtingDecoder
from esa_auth.commands.opening import observed, open_run, started
from esa_auth.commands.options import (
    add_config,
    add_input,
    add_live,
    add_output,
    load_config,
)
from esa_auth.config import Config
from esa_auth.errors import ConfigError, OutputGoneError, TemporaryError
from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.stream import Stream
from esa_auth.outputs import OUTPUTS

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands
    from esa_auth.state import CheckpointStore, StateDirectory

# A crash costs the context of the sessions opened since. One that answers saves more
# often: its host goes on at once, behind the line in hand.
SECONDS_BETWEEN_SAVES = 30.0
_SECONDS_WITH_REPLIES = 1.0

log = logging.getLogger("esa_auth")

_TYPED = """reading lines that are typed; Ctrl-D ends them. Of a file: esa-auth filter <
FILE""".replace("\n", " ")

_ABOUT = """Read lines on stdin to its end. Write an event for each attempt to log in,
and for the end of each session with one, as soon as its line is read. A log shipper
starts it; for whole files there is esa-auth convert, for logs that grow esa-auth tail.
Without --state-dir, sessions still open at the end get an event that says so. Exit
codes: 0 stdin ended; 2 an option is wrong; 3 another process holds the state; 74 nobody
reads stdout; 75 something outside failed; 78 the state is of a newer version."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "lines on stdin, events on stdout"
    parser = subcommands.add_parser("filter", help=text, description=_ABOUT)
    parser.add_argument("stdin", nargs="?", metavar="-", help="stdin, in any case")
    add_config(parser)
    add_input(parser)
    add_output(parser)
    add_live(parser)
    answers = parser.add_argument_group("answers on stdout, for rsyslog")
    answers.add_argument(
        "--ack", choices=["rsyslog"], help="answer OK on stdout for each safe line"
    )
    answers.add_argument(
        "--reply", choices=["mmexternal", "array"], help="answer each line, with events"
    )
    parser.set_defaults(run=run, stops_in_order=True)


def run(args: argparse.Namespace) -> int:
    """Filter stdin to its end; return the exit code."""
    if args.stdin not in (None, "-"):
        told = f"esa-auth filter < {args.stdin}, or: esa-auth convert {args.stdin}"
        raise ConfigError(f"filter reads stdin: {told}")
    config = load_config(args, live=True)
    if args.ack:
        _check_for_acknowledging(config)
    if args.reply:
        _check_for_replying(args, config)
    # Nothing here makes reference cycles (a test holds it), and looking for them among
    # a million open sessions would cost more than the work.
    gc.disable()
    stream = Stream(sys.stdin.fileno())
    stream.watch_signals()
    with ExitStack() as held:
        checkpoints = directory = None
        if config.state_directory:
            # Here, because no one waits for what only some have.
            from esa_auth.state import CheckpointStore, StateDirectory

            directory = StateDirectory.open(config.state_directory)
            held.enter_context(directory)
            seconds = _SECONDS_WITH_REPLIES if args.reply else SECONDS_BETWEEN_SAVES
            checkpoints = CheckpointStore(directory, seconds)
        run = held.enter_context(open_run(config, lambda: stream.over))
        held.enter_context(observed(run, config))
        decoder = _decoder(config, run, lines=bool(args.ack or args.reply))
        _say_started(stream, config)
        try:
            if checkpoints and directory and (args.ack or args.reply):
                _answer(args, config, run, decoder, stream, checkpoints, directory)
            else:
                _filter(run, stream, decoder, checkpoints)
        finally:
            run.notices.look(time.monotonic())
            log.info(run.pipeline.counters.closing_line())
    return 0


def _say_started(stream: Stream, config: Config) -> None:
    if sys.stdin.isatty():
        log.info(_TYPED)
    elif not stream.is_file:
        log.info(started("filter", config))


def _check_for_acknowledging(config: Config) -> None:
    """Refuse what ``--ack rsyslog`` cannot keep its promise with."""
    if not (config.output.kind.acknowledged and config.state_directory):
        names = " or ".join(kind.option for kind in OUTPUTS if kind.acknowledged)
        raise ConfigError(f"--ack rsyslog: needs {names}, and --state-dir")
    if config.input_format == "msgpack":
        raise ConfigError("input.format: not msgpack with --ack rsyslog: it has lines")
    if config.join_wrapped:
        raise ConfigError("input.join_wrapped: not with --ack rsyslog, as join.wait")
    if config.pipeline.wait:
        raise ConfigError("join.wait: not with --ack rsyslog: no line would be safe")
    if config.pipeline.pseudonymizer:
        raise ConfigError("privacy: not with --ack rsyslog, whose journal holds lines")


def _check_for_replying(args: argparse.Namespace, config: Config) -> None:
    """Refuse what would come between a line and its answer."""
    from esa_auth.commands.replies import check_for_replying

    if args.ack:
        raise ConfigError("--ack: not with --reply, which is an answer already")
    check_for_replying(config)


def _answer(
    args: argparse.Namespace,
    config: Config,
    run: Run[Any],
    decoder: Decoder,
    stream: Stream,
    checkpoints: "CheckpointStore",
    directory: "StateDirectory",
) -> None:
    """Give each line an answer, to the end of stdin."""
    if args.ack:
        from esa_auth.commands.acknowledge import Acknowledger

        Acknowledger(run, decoder, checkpoints, directory, stream).follow()
        decoder.finish()
    else:
        from esa_auth.commands.replies import Replier

        # The journal holds lines as they came.
        noted = None if config.pipeline.pseudonymizer else directory
        Replier(run, decoder, args.reply, stream, checkpoints, noted).follow()


def _decoder(config: Config, run: Run[Any], *, lines: bool) -> Decoder:
    def say(what: str) -> None:
        log.warning("stdin: %s", what)

    return DoubtingDecoder(run.pipeline, config, say, lines=lines)


def _filter(
    run: Run[Any],
    stream: Stream,
    decoder: Decoder,
    checkpoints: "CheckpointStore | None",
) -> None:
    """Read to the end, or to where no record can be told from the next any more."""
    if checkpoints:
        run.restore(checkpoints.load())
    try:
        readable = _read(run, stream, decoder, checkpoints)
        if stream.broken_off:
            decoder.reject_rest()
        else:
            decoder.finish()
        run.pipeline.counters.wrapped_joined = decoder.joined
        if checkpoints is None:
            run.pipeline.drain()
        run.deliver()
    except OutputGoneError:
        if checkpoints:
            checkpoints.save(run.snapshot())
        raise
    if checkpoints:
        checkpoints.save(run.snapshot())
    if not readable:
        raise TemporaryError("stdin stopped being msgpack, see the last dead letter")


def _read(
    run: Run[Any],
    stream: Stream,
    decoder: Decoder,
    checkpoints: "CheckpointStore | None",
) -> bool:
    """Read and deliver; return whether all could be read.

    What a block makes is written before the next read, and saved in time: neither
    waits for a line that may never come.
    """
    unsaved = False
    while True:
        block = stream.read(checkpoints.left() if checkpoints and unsaved else None)
        if block == b"":
            return True
        if block is not None:
            run.renew()
            readable = decoder.feed(block)
            run.deliver()
            unsaved = True
            if not readable:
                return False
        if checkpoints and checkpoints.due():
            # To end because it cannot be saved would lose what is in the pipe.
            unsaved = not checkpoints.try_save(run.snapshot())

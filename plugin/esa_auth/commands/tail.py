"""`esa-auth tail`: follows log files, with a checkpoint."""

import argparse
import gc
import logging
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from esa_auth.commands.delivery import Run, open_run
from esa_auth.commands.doubt import ENOUGH, Doubt, Tally
from esa_auth.commands.observe import observed
from esa_auth.commands.options import add_config, add_live, add_output, load_config
from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.inputs.follow import Chunk, Follower, all_unread
from esa_auth.inputs.stop import StopSignal
from esa_auth.state import Memory, StateDirectory

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

SECONDS_BETWEEN_CHECKPOINTS = 1.0
_WAIT_SECONDS = 1.0
# What is taken in this time after a stop is not sent again at the next start.
_PATIENCE_SECONDS = 5.0

log = logging.getLogger("esa_auth")


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    parser = subcommands.add_parser("tail", help="follow log files, with a checkpoint")
    parser.add_argument("path", nargs="+", metavar="PATH", help="file, glob, directory")
    add_config(parser)
    add_output(parser)
    add_live(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Follow until a stop signal; return the exit code."""
    config = load_config(args)
    if config.state_directory is None:
        raise ConfigError("state.directory: tail needs one (--state-dir DIR)")
    gc.disable()
    stop = StopSignal()
    with ExitStack() as held:
        directory = held.enter_context(StateDirectory.open(config.state_directory))
        memory = Memory(directory, SECONDS_BETWEEN_CHECKPOINTS)
        run = held.enter_context(open_run(config, stop, _PATIENCE_SECONDS))
        saved = memory.recall()
        run.restore(saved)
        positions = all_unread(args.path) if memory.lost else saved.get("positions")
        # One byte more than a line may have tells the pipeline that it was cut.
        longest = config.pipeline.max_line + 1
        follower = Follower(args.path, positions, max_line=longest)
        held.enter_context(observed(run, config, follower))
        try:
            _Tail(follower, run, memory, stop).follow()
        finally:
            log.info(run.pipeline.counters.closing_line())
    return 0


class _Tail:
    """The loop: read, deliver, and only then remember."""

    def __init__(
        self, follower: Follower, run: Run[Any], memory: Memory, stop: StopSignal
    ) -> None:
        self._follower, self._run = follower, run
        self._memory, self._stop = memory, stop
        self._unsaved = True
        # By log, until it is known what it is.
        self._doubts: dict[str, Doubt] = {}

    def follow(self) -> None:
        """Follow until told to stop; nothing that was read is left undelivered."""
        try:
            # What an earlier start held, if nothing is to wait any more.
            self._run.deliver()
            self._save()
            while not self._stop():
                self._step()
            self._save()
        except TemporaryError as error:
            if not self._stop():
                raise
            log.warning("%s; what is not delivered is sent at the next start", error)

    def _step(self) -> None:
        chunks = self._follower.poll()
        for chunk in chunks:
            self._run.renew()
            self._feed(chunk)
            self._run.deliver()
        self._unsaved = self._unsaved or bool(chunks)
        if self._unsaved and self._memory.due():
            self._save()
        if not chunks:
            for doubt in self._doubts.values():
                doubt.decide(ended=True)
            # A host that was killed starts another of us, and we hold the state.
            self._run.check()
            self._follower.wait(_WAIT_SECONDS)

    def _feed(self, chunk: Chunk) -> None:
        pipeline = self._run.pipeline
        doubt = self._doubts.get(chunk.log)
        if doubt is None:
            say = partial(log.warning, "%s: %s", chunk.path)
            doubt = self._doubts[chunk.log] = Doubt("auto", say)
        if doubt.over:
            pipeline.feed(chunk.lines)
            return
        before = Tally.of(pipeline.counters)
        pipeline.feed(chunk.lines)
        sample = b"\n".join(chunk.lines[:ENOUGH])
        doubt.add(sample, before, Tally.of(pipeline.counters))
        doubt.decide()

    def _save(self) -> None:
        checkpoint = self._run.snapshot()
        checkpoint["positions"] = self._follower.positions()
        self._memory.keep_stubbornly(checkpoint, self._stop)
        self._unsaved = False

"""`esa-auth tail`: follows log files, with a checkpoint."""

import argparse
import gc
import logging
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from esa_auth.commands.beginning import Beginning, add_beginning, read_since
from esa_auth.commands.delivery import Run
from esa_auth.commands.doubt import ENOUGH, Doubt, Tally
from esa_auth.commands.opening import observed, open_run, started
from esa_auth.commands.options import add_config, add_live, add_output, load_config
from esa_auth.commands.owners import Owners, Place, read_opening
from esa_auth.config import Config
from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.inputs.follow import Chunk, Follower, all_unread
from esa_auth.inputs.stream import StopSignal
from esa_auth.pipeline import Settings
from esa_auth.state import CheckpointStore, StateDirectory
from esa_auth.visible import counted

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

SECONDS_BETWEEN_CHECKPOINTS = 1.0
_WAIT_SECONDS = 1.0
# About 30 lines, and about 10,000.
_LEAST_BYTES, _MOST_BYTES = 4096, 1 << 20
_SLOW_SECONDS = 0.5
# Between two files of a rotation nothing may have the name for a moment.
_POLLS_BEFORE_A_WARNING = 10
# What is taken in this time after a stop is not sent again at the next start.
_PATIENCE_SECONDS = 5.0

log = logging.getLogger("esa_auth")

_ABOUT = """Follow log files until it is stopped, from their start at the first time and
then from where it was, which --state-dir keeps; it is required. What stands in the logs
before the first start is read and sent, too: --since and --from-end take less. A PATH
may be a file, a directory (the files in it) or a glob, and may have {appliance} for the
part that names the appliance. Lines that name no appliance belong to the one that
`appliances.NAME.serial` in the configuration gives the serial number in the file
header, else to that part of the path, else to --appliance. Where several can be meant
each is called by its serial number, or by its folder if its files have none. Exit
codes: 0 stopped; 2 an option is wrong; 3 another process holds the state; 74 nobody
reads stdout; 75 something outside failed; 78 the state is of a newer version."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "follow log files, with a checkpoint"
    parser = subcommands.add_parser("tail", help=text, description=_ABOUT)
    parser.add_argument("path", nargs="+", metavar="PATH", help="file, glob, directory")
    add_config(parser)
    add_output(parser)
    add_live(parser)
    add_beginning(parser)
    parser.set_defaults(run=run, stops_in_order=True)


def run(args: argparse.Namespace) -> int:
    """Follow until a stop signal; return the exit code."""
    config = load_config(args, live=True)
    if config.state_directory is None:
        raise ConfigError("state.directory: tail needs one (--state-dir DIR)")
    since = read_since(args)
    gc.disable()
    stop = StopSignal()
    with ExitStack() as held:
        directory = held.enter_context(StateDirectory.open(config.state_directory))
        checkpoints = CheckpointStore(directory, SECONDS_BETWEEN_CHECKPOINTS)
        run = held.enter_context(open_run(config, stop, _PATIENCE_SECONDS))
        saved = checkpoints.load()
        run.restore(saved)
        positions = (
            all_unread(args.path) if checkpoints.lost else saved.get("positions")
        )
        # One byte more than a line may have tells the pipeline that it was cut.
        longest = config.pipeline.max_line + 1
        follower = Follower(args.path, positions, max_line=longest)
        owners = _owners(config, follower, saved)
        if positions is None:
            at_end = args.from_end
            beginning = Beginning.first(since, config, follower, from_end=at_end)
        else:
            beginning = Beginning.again(config, saved.get("beginning"))
        held.enter_context(observed(run, config, follower))
        log.info(started("tail", config))
        try:
            _Tail(follower, owners, beginning, run, checkpoints, stop).follow()
        finally:
            run.notices.look(time.monotonic())
            log.info(run.pipeline.counters.closing_line())
    return 0


def _owners(config: Config, follower: Follower, saved: dict[str, Any]) -> Owners:
    default = config.pipeline.appliance
    said = default != Settings().appliance
    owners = Owners(config.serials, default, said=said)
    if "owners" in saved:
        try:
            owners.restore(saved["owners"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("whose logs are whose cannot be read: %s", error)
        else:
            return owners
    owners.foresee(
        (Place(log, follower.appliances.get(log)), read_opening(opening))
        for log, opening in follower.openings()
    )
    return owners


class _Pace:
    """How much is read before it is delivered and the position can be saved.

    A host that is killed every few seconds, behind a slow sink, must still advance.
    """

    def __init__(self) -> None:
        self.size = _LEAST_BYTES

    def took(self, seconds: float) -> None:
        """Read less if the last delivery was slow, and more if it was quick."""
        if seconds > _SLOW_SECONDS:
            self.size = max(_LEAST_BYTES, self.size // 4)
        elif seconds < _SLOW_SECONDS / 4:
            self.size = min(_MOST_BYTES, self.size * 2)


class _Tail:
    """The loop: read, deliver, and only then remember."""

    def __init__(
        self,
        follower: Follower,
        owners: Owners,
        beginning: Beginning,
        run: Run[Any],
        checkpoints: CheckpointStore,
        stop: StopSignal,
    ) -> None:
        self._follower, self._owners, self._run = follower, owners, run
        self._beginning = beginning
        self._checkpoints, self._stop = checkpoints, stop
        self._reach, self._pace = Reach(follower), _Pace()
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
        chunks = self._follower.poll(self._pace.size)
        self._reach.polled()
        begun = time.monotonic()
        for chunk in chunks:
            self._run.renew()
            self._feed(chunk)
            self._run.deliver()
        if chunks:
            self._pace.took(time.monotonic() - begun)
            self._unsaved = True
        if self._unsaved and self._checkpoints.due():
            self._save()
        if not chunks and not self._follower.behind:
            self._beginning.all_read()
            for doubt in self._doubts.values():
                doubt.decide(ended=True)
            # A host that was killed starts another of us, and we hold the state.
            self._run.check()
            self._follower.wait(_WAIT_SECONDS)

    def _feed(self, chunk: Chunk) -> None:
        pipeline = self._run.pipeline
        place = Place(chunk.log, self._follower.appliances.get(chunk.log))
        name = self._owners.name(place, read_opening(chunk.opening))
        lines = self._beginning.wanted(chunk, name)
        if not lines:
            return
        pipeline.belongs_to(name)
        doubt = self._doubts.get(chunk.log)
        if doubt is None:
            say = partial(log.warning, "%s: %s", chunk.path)
            doubt = self._doubts[chunk.log] = Doubt("auto", say)
        if doubt.over:
            pipeline.feed(lines)
            return
        before = Tally.of(pipeline.counters)
        pipeline.feed(lines)
        sample = b"\n".join(lines[:ENOUGH])
        doubt.add(sample, before, Tally.of(pipeline.counters))
        doubt.decide()

    def _save(self) -> None:
        checkpoint = self._run.snapshot()
        positions = checkpoint["positions"] = self._follower.positions()
        logs = {file["log"] for file in positions["files"]}
        checkpoint["owners"] = self._owners.snapshot(logs)
        checkpoint["beginning"] = self._beginning.snapshot()
        self._checkpoints.save_with_retry(checkpoint, self._stop)
        self._unsaved = False


class Reach:
    """Says once which patterns name no file, and when there is one."""

    def __init__(self, follower: Follower) -> None:
        """Say what is followed from the start."""
        self._follower = follower
        files, logs = follower.followed()
        log.info("following %s of %s", counted(files, "file"), counted(logs, "log"))
        self._missing = dict.fromkeys(follower.unmatched, _POLLS_BEFORE_A_WARNING)
        for pattern in sorted(self._missing):
            log.warning("%s: no such file yet; waiting for it", pattern)

    def polled(self) -> None:
        """Say what has changed."""
        if not self._missing and not self._follower.unmatched:
            return
        for pattern in sorted(self._missing.keys() - self._follower.unmatched):
            if self._missing.pop(pattern) >= _POLLS_BEFORE_A_WARNING:
                log.info("%s: there is a file now", pattern)
        for pattern in sorted(self._follower.unmatched):
            polls = self._missing[pattern] = self._missing.get(pattern, 0) + 1
            if polls == _POLLS_BEFORE_A_WARNING:
                log.warning("%s: no such file any more; waiting for it", pattern)

"""`esa-auth convert`: whole archives, of any age, of many appliances."""

import argparse
import logging
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

from esa_auth.commands.bar import Bar
from esa_auth.commands.convert.plan import Plan, plan
from esa_auth.commands.convert.result import Result
from esa_auth.commands.convert.worker import Mark
from esa_auth.commands.convert.workers import Progress, Workers, stopped_by
from esa_auth.commands.opening import dead_letters, enriched
from esa_auth.commands.options import (
    add_config,
    add_input,
    add_output,
    add_outputs,
    add_sessions,
    load_config,
)
from esa_auth.config import Config
from esa_auth.errors import ConfigError
from esa_auth.inputs.paths import STDIN, expand, spooled
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.outputs.file import FileSettings
from esa_auth.outputs.rotated import is_of
from esa_auth.retry import Retry
from esa_auth.signals import release
from esa_auth.state.generation import DamagedError
from esa_auth.state.progress import ProgressFile
from esa_auth.visible import counted

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

log = logging.getLogger("esa_auth")

_ABOUT = """Read whole files, plain or compressed (gzip, bzip2, xz, zstd: found out by
their first bytes), of one appliance or many. Files are grouped by the serial number in
their header (`appliances.NAME.serial` in the configuration names it), each group is
read in log order, and sessions go on from file to file. The ids of the events are those
that `filter --appliance NAME` gives live. A text that is given twice, plain and
compressed or whole and in part, is read once. Exit codes: 0 done; 2 a file is not there
or an option is wrong; 3 another process writes -o FILE; 74 nobody reads stdout; 75 a
file was broken off (the rest is used, the output is complete but for it), or the run
was stopped and goes on with --resume."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "whole files, plain or compressed, of any age"
    parser = subcommands.add_parser("convert", help=text, description=_ABOUT)
    add_config(parser)
    add_input(parser)
    add_output(parser)
    add_outputs(parser, archives=True)
    add_sessions(parser)
    add = parser.add_argument
    add("-o", dest="into", metavar="FILE", help="file for the events (stdout)")
    add("--jobs", type=int, default=1, metavar="N", help="appliances in parallel (1)")
    add("--resume", action="store_true", help="continue where -o FILE stopped")
    add("--quiet", action="store_true", help="no progress bar")
    add("files", nargs="+", metavar="FILE", help="file, directory, glob, or -")
    parser.set_defaults(run=run, stops_in_order=True)


def run(args: argparse.Namespace) -> int:
    """Convert the files; return the exit code."""
    if args.jobs < 1:
        raise ConfigError("--jobs: at least 1")
    if args.resume and not args.into:
        raise ConfigError("--resume: needs -o FILE, not --output-file")
    if args.resume and STDIN in args.files:
        raise ConfigError("--resume: not with -, which cannot be read again")
    # One table for the whole run, whatever becomes of its file.
    config, tables = enriched(load_config(args))
    events = _event_file(args.into, config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopped_by)
    release()
    with ExitStack() as held:
        result = Result(args.into, events)
        held.callback(result.close)

        def ours(path: str) -> bool:
            return result.ours(path) or _is_letters(path, config)

        names = held.enter_context(spooled(args.files))
        todo = plan(expand(names, ours), config)
        digest = todo.digest(tables.digest if tables else b"")
        letters = dead_letters(config)
        keeper = _Keeper(todo, digest, result, letters)
        progress = keeper.begin(args.resume)
        workers = Workers(todo, progress, result, letters)
        with Bar("convert", todo.size, args.quiet) as bar:
            workers.run(args.jobs, bar, keeper.save)
        keeper.end()
    broken = todo.unreadable + sum(mark.broken for mark in progress.marks)
    files = sum(len(group.sources) for group in todo.groups)
    read, owners = counted(files, "file"), counted(len(todo.groups), "appliance")
    log.info("%s of %s, %d broken", read, owners, broken)
    log.info(workers.counters().closing_line())
    return 75 if broken else 0


def _event_file(into: str | None, config: Config) -> FileSettings | None:
    """Return the file of events that the configuration names, if it is to be used.

    A receiver that it names is of live commands, and passed over as before.
    """
    if not config.output.kind.archives:
        return None
    if into is not None:
        raise ConfigError("--output-file: not with -o: one output only")
    if config.output_format != "json":
        raise ConfigError("output.format: msgpack: not with output.file")
    settings: FileSettings = config.output.settings
    return settings


def _is_letters(path: str, config: Config) -> bool:
    return config.dead_letter is not None and is_of(config.dead_letter, path)


class _Keeper:
    """Keeps the progress beside the output; stdout has none."""

    def __init__(
        self, todo: Plan, digest: bytes, result: Result, letters: DeadLetters
    ) -> None:
        self._todo = todo
        self._result = result
        self._letters = letters
        self._progress = Progress([Mark() for _ in todo.groups])
        self._digest = digest
        self._file = ProgressFile(f"{result.path}.progress") if result.path else None
        self._retry = Retry("progress")

    def begin(self, resume: bool) -> Progress:
        """Return where to begin, with the output cut to it.

        Raises:
            ConfigError: what was begun is something else.
        """
        if self._file is None:
            return self._progress
        saved = self._load() if resume else None
        if saved is not None:
            digest, progress = saved
            if digest != self._digest:
                raise ConfigError(
                    f"{self._file.path}: files or options are not those it was begun"
                    " with: take the same, or start without --resume"
                )
            self._progress = Progress.of_list(progress)
        if not self._result.cut(self._progress.length()):
            raise ConfigError(
                f"-o: {self._result.path}: shorter than {self._file.path} says: start"
                " without --resume"
            )
        # Of a run that was killed, or of one that was never gone on with.
        for number in set(range(len(self._todo.groups))) - self._progress.parts:
            self._result.drop_part(number)
        self.save()
        return self._progress

    def save(self) -> None:
        """Keep how far it is; waits while that cannot be written."""
        if self._file is None:
            return
        self._letters.sync()
        while True:
            try:
                self._file.save([self._digest, self._progress.as_list()])
            except OSError as error:
                self._retry.failed(error.strerror or str(error))
            else:
                self._retry.worked()
                return

    def end(self) -> None:
        """All is written; there is nothing to go on with."""
        if self._file:
            self._result.sync()
            self._file.remove()

    def _load(self) -> tuple[bytes, list[object]] | None:
        if self._file is None:
            return None
        try:
            saved = self._file.load()
        except (DamagedError, OSError) as error:
            log.warning("%s: %s: starting without it", self._file.path, error)
            return None
        if saved is None:
            log.info("%s: not there: starting from the beginning", self._file.path)
            return None
        digest, progress = saved
        return digest, progress

"""`esa-auth report`: one page for people, that opens offline."""

import argparse
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from esa_auth.commands.bar import Bar
from esa_auth.commands.convert.plan import Group, Source, plan
from esa_auth.commands.doubt import DoubtingDecoder
from esa_auth.commands.opening import read_time
from esa_auth.commands.options import add_config, add_input, load_config
from esa_auth.commands.period import HELP, as_stamp, read_period
from esa_auth.config import Config
from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.formats import refuse_foreign
from esa_auth.inputs.archives import Archive, size_of
from esa_auth.inputs.decode import LineSplitter
from esa_auth.inputs.paths import STDIN, expand, spooled
from esa_auth.outputs.own_file import check_replaceable, open_new
from esa_auth.pipeline import Pipeline
from esa_auth.validation import EventSchema
from esa_auth.visible import counted

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands
    from esa_auth.report import About

log = logging.getLogger("esa_auth")

_ABOUT = """Write one HTML file that needs nothing else: no server, no network. It reads
events that filter, tail or convert wrote, or raw logs, plain or compressed, of any
number of files. It is readable for its owner only, for a failed user name can be a
password. With --appliance only that appliance is reported; raw lines that do not name
theirs are taken as of it. Exit codes: 0 done; 2 a file is not there or an option is
wrong; 75 a file was broken off (the report is of the rest), or the page could not be
written."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "one page for people, of events or raw logs"
    parser = subcommands.add_parser("report", help=text, description=_ABOUT)
    add_config(parser)
    add_input(parser)
    add = parser.add_argument
    add(
        "-o",
        dest="into",
        metavar="FILE",
        default="report.html",
        help="file for the page (report.html)",
    )
    add("--since", metavar="TIME", help=f"from this time on: {HELP}")
    add("--until", metavar="TIME", help="up to, and not including, this time")
    add("--quiet", action="store_true", help="no progress bar")
    add("files", nargs="+", metavar="EVENTS", help="file, directory, glob, or -")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the page; return the exit code."""
    # Here, so that the other commands do not wait for it.
    from esa_auth.report import About

    since, until = map(as_stamp, read_period(args.since, args.until))
    about = About(made=read_time(), since=since, until=until, appliance=args.appliance)
    config = load_config(args)
    try:
        check_replaceable(args.into)
        _check_folder(args.into)
    except OSError as error:
        raise ConfigError(f"-o: {args.into}: {error.strerror}") from error
    with spooled(args.files) as names:
        paths = expand(names, partial(_same, args.into))
        copies = dict(zip(names, args.files, strict=True))
        # A copy of stdin has a name that says nothing to a reader of the page.
        about.files = ["stdin" if copies.get(p) == STDIN else p for p in paths]
        return _report(paths, args, config, about)


def _check_folder(path: str) -> None:
    """Raise what a folder that cannot be written to would only raise at the end."""
    os.close(os.open(os.path.dirname(os.path.abspath(path)), os.O_DIRECTORY))


def _same(into: str, path: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(into)


def _report(
    paths: list[str], args: argparse.Namespace, config: Config, about: "About"
) -> int:
    from esa_auth.report import Tally, document, page

    tally, span = Tally(about), Span()

    def take(event: dict[str, Any]) -> None:
        span.add(event)
        tally.add(event)

    try:
        reading = Reading(paths, config, take)
        with Bar("report", reading.size, args.quiet) as bar:
            reading.run(bar)
    except OSError as error:
        raise TemporaryError(f"{error.filename}: {error.strerror}") from error
    about.notes += _notes(reading)
    _write(args.into, page(document(tally)))
    events, files = counted(tally.events, "event"), counted(len(paths), "file")
    attempts = counted(tally.attempts, "attempt")
    log.info("%s: %s, %s, of %s", args.into, events, attempts, files)
    if not tally.events and span.last:
        log.warning("no event is of that time; the files have %s", span)
    return 75 if reading.broken else 0


def _notes(reading: "Reading") -> list[str]:
    found = []
    if reading.refused:
        found.append(f"{reading.refused} lines are no valid events and do not count.")
    if reading.rejected:
        found.append(
            f"{reading.rejected} lines look like AUTH and no rule reads them; "
            "esa-auth explain says why."
        )
    if reading.strange:
        found.append(f"{reading.strange} files do not look like logs of an ESA.")
    if reading.broken:
        found.append(f"{reading.broken} files could not be read to their end.")
    return found


def _write(path: str, data: bytes) -> None:
    """Put the page where it belongs, whole or not at all.

    Raises:
        TemporaryError: it cannot be written.
    """
    beside = f"{path}.part"
    try:
        with os.fdopen(open_new(beside), "wb") as file:
            file.write(data)
        check_replaceable(path)
        os.replace(beside, path)
    except OSError as error:
        raise TemporaryError(f"-o: {path}: {error.strerror}") from error


class Span:
    """The times of the first and the last event, of all that were read."""

    def __init__(self) -> None:
        self.first = self.last = ""

    def __str__(self) -> str:
        """Return both."""
        return f"{self.first} to {self.last}"

    def add(self, event: dict[str, Any]) -> None:
        """Take an event."""
        time: str = event["@timestamp"]
        self.first = min(self.first or time, time)
        self.last = max(self.last, time)


Take: TypeAlias = Callable[[dict[str, Any]], None]

# An event holds its line, every byte of which may be escaped.
_LONGEST_EVENT = 1 << 20

_log = logging.getLogger("esa_auth")


class Reading:
    """Reads files, shows how far it is and counts what it could not use."""

    def __init__(self, paths: list[str], config: Config, take: Take) -> None:
        """``take`` gets each valid event once.

        Raises:
            ConfigError: a file holds events in another schema.
            OSError: a file cannot be opened.
        """
        self._config, self._take = config, take
        self._schema = EventSchema()
        self._done = 0
        # Lines of event files that are no valid events.
        self.refused = 0
        # Raw lines that look like AUTH and became no event.
        self.rejected = 0
        self.broken = 0
        # Files that are no logs of an ESA.
        self.strange = 0
        self._events = [path for path in paths if holds_events(path)]
        logs = [path for path in paths if path not in self._events]
        self._plan = plan(logs, config)
        self.broken += self._plan.unreadable
        self.size = sum(map(size_of, self._events)) + self._plan.size

    def run(self, bar: Bar) -> None:
        """Read all of it."""
        for path in self._events:
            self._event_file(path, bar)
        for group in self._plan.groups:
            self._group(group, bar)

    def _event_file(self, path: str, bar: Bar) -> None:
        lines = LineSplitter(_LONGEST_EVENT)
        with Archive(path) as archive:
            while block := archive.read():
                self._take_lines(lines.feed(block))
                bar.read(self._done + archive.position)
            self._take_lines(lines.finish())
            self._ended(path, archive)

    def _take_lines(self, lines: list[bytes]) -> None:
        for line in lines:
            try:
                event = orjson.loads(line)
            except orjson.JSONDecodeError:
                self.refused += bool(line.strip())
                continue
            if self._schema.valid(event):
                self._take(event)
            else:
                self.refused += 1

    def _group(self, group: Group, bar: Bar) -> None:
        settings = replace(self._config.pipeline, appliance=group.name)
        pipeline = Pipeline(settings, read_time, as_json=True)
        for source in group.sources:
            pipeline.registry.anchor(source.mtime)
            self._log_file(source, pipeline, bar)
            pipeline.settle()
        pipeline.drain()
        self._take_events(pipeline)
        self.rejected += pipeline.counters.rejected

    def _log_file(self, source: Source, pipeline: Pipeline, bar: Bar) -> None:
        def say(what: str) -> None:
            self.strange += 1
            _log.warning("%s: %s", source.path, what)

        decoder = DoubtingDecoder(pipeline, self._config, say)
        with Archive(source.path) as archive:
            while block := archive.read():
                readable = decoder.feed(block)
                self._take_events(pipeline)
                bar.read(self._done + archive.position)
                if not readable:
                    archive.broken = "not msgpack from some point on"
            if archive.broken:
                decoder.reject_rest()
            else:
                decoder.finish()
            self._ended(source.path, archive)

    def _take_events(self, pipeline: Pipeline) -> None:
        for event in pipeline.take_events():
            self._take(event)
        # They are counted; nobody writes them.
        pipeline.take_dead()

    def _ended(self, path: str, archive: Archive) -> None:
        self._done += archive.position
        if archive.broken:
            _log.warning("%s: broken off: %s", path, archive.broken)
            self.broken += 1


def holds_events(path: str) -> bool:
    """Whether the first line is an event of ours and not a raw line or a record.

    Raises:
        ConfigError: it is an event that was written in another schema.
        OSError: it cannot be opened.
    """
    with Archive(path) as archive:
        first = archive.read().lstrip().partition(b"\n")[0]
    try:
        event = orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    refuse_foreign(event, path)
    return isinstance(event, dict) and {"@timestamp", "ecs", "event"} <= event.keys()

"""Files of events or of raw lines, told apart by their first line -> events."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import orjson

from esa_auth.commands.bar import Bar
from esa_auth.commands.delivery import read_time
from esa_auth.commands.doubt import DoubtingDecoder
from esa_auth.commands.foreign import refuse_foreign
from esa_auth.commands.plan import Group, Source, plan
from esa_auth.config import Config
from esa_auth.inputs.archives import Archive, size_of
from esa_auth.inputs.lines import LineSplitter
from esa_auth.pipeline import Pipeline
from esa_auth.validation import EventSchema

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
        pipeline: Pipeline[None] = Pipeline(
            settings, lambda document: self._take(document.whole()), read_time
        )
        for source in group.sources:
            pipeline.population.anchor(source.mtime)
            self._log_file(source, pipeline, bar)
            pipeline.settle()
        pipeline.drain()
        self._forget(pipeline)
        self.rejected += pipeline.counters.rejected

    def _log_file(self, source: Source, pipeline: Pipeline[None], bar: Bar) -> None:
        def say(what: str) -> None:
            self.strange += 1
            _log.warning("%s: %s", source.path, what)

        decoder = DoubtingDecoder(pipeline, self._config, say)
        with Archive(source.path) as archive:
            while block := archive.read():
                readable = decoder.feed(block)
                self._forget(pipeline)
                bar.read(self._done + archive.position)
                if not readable:
                    archive.broken = "not msgpack from some point on"
            if archive.broken:
                decoder.abandon()
            else:
                decoder.finish()
            self._ended(source.path, archive)

    def _forget(self, pipeline: Pipeline[None]) -> None:
        """Drop what the pipeline keeps for a writer: each event was taken when made."""
        pipeline.take_events()
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

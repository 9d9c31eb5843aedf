"""`esa-auth stream`: the pipeline as a worker of a consumer group on Kafka."""

import argparse
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import orjson

from esa_auth import __version__
from esa_auth.commands.opening import enriched, read_time
from esa_auth.commands.options import (
    add_config,
    add_format,
    add_sessions,
    add_state,
    add_stream,
    load_config,
)
from esa_auth.config import Config
from esa_auth.ecs import dead_letter
from esa_auth.envelope import read_prefix
from esa_auth.errors import ConfigError, MissingExtraError
from esa_auth.formats import converter
from esa_auth.inputs.framings import MessageReader
from esa_auth.inputs.records import Broken, Record
from esa_auth.inputs.stream import StopSignal
from esa_auth.model.dead_letter import BROKEN_RECORD, DeadLetter, ReplayHints
from esa_auth.pipeline import Pipeline
from esa_auth.stream.keyed import KeyedPipelines
from esa_auth.stream.settings import MOST_BYTES, Outgoing, StreamSettings

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands
    from esa_auth.enrich.tables import Tables

# A dead letter holds its line twice, in JSON and in base64.
_MOST_LINE = 65_536

log = logging.getLogger("esa_auth")

_ABOUT = """Work as one of several workers of a consumer group on Kafka, until stopped:
lines from one topic, events and dead letters to two others, each exactly once. Lines of
an appliance go to the worker that has its key; when a worker is gone the others take
over, with the open sessions. It needs the extra kafka. Exit codes: 0 stopped; 2 an
option is wrong; 75 the brokers cannot be reached."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "a fleet of appliances, on Kafka"
    parser = subcommands.add_parser("stream", help=text, description=_ABOUT)
    add_config(parser)
    add_stream(parser)
    add_format(parser)
    add_sessions(parser)
    add_state(parser)
    parser.set_defaults(run=run, stops_in_order=True)


def run(args: argparse.Namespace) -> int:
    """Work until a stop signal; return the exit code."""
    config = load_config(args, live=True)
    settings = _settings(config)
    try:
        # Of what the engine imports and we do not use; a filter would not do, for it
        # sets one of its own.
        with warnings.catch_warnings(record=True):
            from esa_auth.stream import application, client
    except ModuleNotFoundError as error:
        raise MissingExtraError("stream", error.name, "kafka") from error
    logging.getLogger("quixstreams").setLevel(logging.WARNING)
    # Warns of a change of its format that our state has no part in.
    logging.getLogger("quixstreams.state").setLevel(logging.ERROR)
    stop = StopSignal()
    config, tables = enriched(config)
    lines = Lines(config, tables)
    pipelines = KeyedPipelines(lines.pipeline, lines.feed, lines.take)
    client.look(settings)
    log.info("stream %s started; brokers: %s", __version__, settings.brokers)
    with ExitStack() as held:
        directory = config.state_directory
        if directory is None:
            # Without a copy at hand the engine reads the changelog at every start.
            directory = held.enter_context(tempfile.TemporaryDirectory())
        try:
            application.run(settings, pipelines, lines.rekey, stop, directory)
        finally:
            log.info("%d messages without a key re-keyed", lines.rekeyed)
            log.info(pipelines.counters().closing_line())
    return 0


class Lines:
    """Messages of the raw topic into pipelines, and what these make into messages."""

    def __init__(self, config: Config, tables: "Tables | None" = None) -> None:
        self._tables = tables
        self._settings = config.pipeline
        self._reader = MessageReader(config.input_format, config.terms)
        convert = converter(config.output_schema)
        self._dumps: Callable[[dict[str, Any]], bytes] = (
            (lambda event: orjson.dumps(convert(event))) if convert else orjson.dumps
        )
        self.rekeyed = 0

    def pipeline(self) -> Pipeline:
        """Return the pipeline of an appliance that nothing is known of."""
        return Pipeline(self._settings, read_time)

    def feed(self, pipeline: Pipeline, key: bytes, value: bytes) -> None:
        """Give ``pipeline`` the lines of a message; ``key`` names their appliance."""
        pipeline.at(int(time.time()))
        if self._tables:
            self._tables.refresh()
        name = key.decode("utf-8", "replace")
        for found in self._reader.read(value):
            if isinstance(found, Broken):
                pipeline.reject_letter(_broken(found, name))
            else:
                pipeline.feed_records([(raw, name, time) for raw, _, time in found])

    def take(self, pipeline: Pipeline, key: bytes) -> list[Outgoing]:
        """Return the dead letters and events that ``pipeline`` made."""
        dead = [_dead(letter, key) for letter in pipeline.take_dead()]
        return dead + [self._event(event) for event in pipeline.take_events()]

    def rekey(self, value: bytes) -> list[Outgoing]:
        """Return a message that came without a key, with that of its first line."""
        self.rekeyed += 1
        name = _appliance(self._reader.read(value), self._settings.appliance)
        return [Outgoing("keyed", name.encode(), value)]

    def _event(self, event: dict[str, Any]) -> Outgoing:
        value = self._dumps(event)
        name, event_id = event["observer"]["name"], event["event"]["id"]
        if len(value) <= MOST_BYTES:
            return Outgoing("events", event_id.encode(), value)
        reason = f"{len(value)} bytes, more than a message may have"
        raw = event["event"].get("original", "").encode()
        reasons = (reason, f"event.id {event_id}")
        letter = DeadLetter(raw, "undeliverable", reasons, name, ReplayHints())
        return _dead(dead_letter(letter, read_time()), name.encode())


def _broken(item: Broken, name: str) -> DeadLetter:
    reasons = [item.reason]
    if len(item.raw) > _MOST_LINE:
        reasons.append(f"{len(item.raw)} bytes, cut")
    raw = item.raw[:_MOST_LINE]
    return DeadLetter(raw, BROKEN_RECORD, tuple(reasons), name, ReplayHints())


def _dead(letter: dict[str, Any], key: bytes) -> Outgoing:
    return Outgoing("dead_letters", key, orjson.dumps(letter))


def _appliance(messages: Iterable[list[Record] | Broken], default: str) -> str:
    """Return whose line is the first of ``messages``, as a pipeline would have it."""
    first = next(iter(messages), None)
    if first and not isinstance(first, Broken):
        raw, host, _ = first[0]
        return read_prefix(raw).host or host or default
    return default


def _settings(config: Config) -> StreamSettings:
    if config.stream is None:
        raise ConfigError("stream.brokers: stream needs them (--brokers HOST:PORT)")
    if config.pipeline.max_line > _MOST_LINE:
        raise ConfigError(f"input.max_line: at most {_MOST_LINE} with stream")
    return config.stream

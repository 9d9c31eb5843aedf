"""A pipeline with its output and its dead letters: what every reading command needs."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from esa_auth import __version__
from esa_auth.commands.notices import Notices
from esa_auth.config import Config
from esa_auth.ecs import dead_letter
from esa_auth.errors import MissingExtraError
from esa_auth.formats import encoder, origin, recorder
from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from esa_auth.model.document import Document
from esa_auth.outputs import Output, Surroundings
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.pipeline import Pipeline

if TYPE_CHECKING:
    from esa_auth.enrich.tables import Tables
    from esa_auth.inputs.follow import Follower
    from esa_auth.metrics.pulse import Pulse

Item = TypeVar("Item")

_log = logging.getLogger("esa_auth")


class Run(Generic[Item]):
    """Hands on what a pipeline made, to dead letters and output."""

    def __init__(
        self,
        pipeline: Pipeline,
        encode: Callable[[Document], Item] | None,
        output: Output[Item],
        letters: DeadLetters,
        name: str = "",
        tables: "Tables | None" = None,
    ) -> None:
        """``encode`` is None if ``pipeline`` makes JSON, which is sent as it is."""
        self.pipeline = pipeline
        self.tables = tables
        # What metrics read, for whoever wants them; see `commands.monitor`.
        self.pulse: Pulse | None = None
        self.listeners: Callable[[], Mapping[str, Mapping[str, int]]] | None = None
        self.output = output
        # Of the output, as its metrics are called.
        self.name = name
        self.notices = Notices(pipeline)
        self._encode = encode
        self._letters = letters
        self._journal = 0

    def renew(self) -> None:
        """Look at the clock, and for newer tables; for before a block is read."""
        self.pipeline.at(int(time.time()))
        if self.tables:
            self.tables.refresh()

    def deliver(self) -> None:
        """Write the dead letters, then the events."""
        pulse = self.pulse
        if dead := self.pipeline.take_dead():
            if pulse:
                pulse.begins(0)
            self._letters.write(dead)
        if events := self._take():
            if pulse:
                pulse.begins(len(events))
            self.output.send(events)
        if pulse:
            pulse.ends(self.pipeline.counters)
        self.notices.look()

    def answer_with(self, output: Output[Item]) -> None:
        """Hand events to ``output`` from now on, in the place of stdout."""
        self.output = output

    def check(self) -> None:
        """See `Output.check`."""
        self.output.check()

    def forget(self) -> None:
        """Drop what the pipeline made: it was delivered before."""
        self.pipeline.take_dead()
        self._take()

    def _take(self) -> list[Any]:
        if self._encode is None:
            return self.pipeline.take_lines()
        return list(map(self._encode, self.pipeline.take_events()))

    def sync(self) -> None:
        """Wait until dead letters and events are safe; see `Output.sync`."""
        self._letters.sync()
        self.output.sync()

    def snapshot(self) -> dict[str, Any]:
        """Return what the next start needs, what was made before it on the disk.

        Its `Rows` are of now, so save it now.
        """
        self.sync()
        sessions = self.pipeline.snapshot(lambda rows: rows)
        return {"sessions": sessions, "journal": self._journal}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take the sessions out of ``saved`` and go on with them, if they are sound.

        What is saved from now on names another journal. Only `--ack rsyslog` reads
        the lines of the last one, and they would be out of date when it does.
        """
        number = saved.get("journal", 0)
        self._journal = number + 1 if type(number) is int else 0
        try:
            self.pipeline.restore(saved.pop("sessions", {}))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            _log.warning(
                "the saved sessions cannot be read (%s): starting without it", error
            )


def started(command: str, config: Config) -> str:
    """Return what a command says at its start, when it runs until it is stopped."""
    return (
        f"{command} {__version__} started; configuration: {config.path or 'defaults'};"
        f" events to {config.destination}"
    )


@contextmanager
def open_run(
    config: Config, stop: Callable[[], bool], patience: float = 0.0
) -> Iterator[Run[Any]]:
    """Open the output and the dead letters that ``config`` names.

    From ``stop`` on, one who takes our events has ``patience`` seconds to do so.

    Raises:
        ConfigError: a file cannot be written, a TLS file cannot be used.
    """
    letters = dead_letters(config, stop)
    config, tables = enriched(config)
    around = surroundings(config, letters, stop, patience)
    opened = config.output.open(around)
    with closing(opened.output):
        encode, output = opened
        as_json = encode is Document.line
        pipeline = Pipeline(config.pipeline, read_time, as_json=as_json)
        own = None if as_json else encode
        yield Run(pipeline, own, output, letters, config.output.kind.name, tables)


def surroundings(
    config: Config,
    letters: DeadLetters,
    stop: Callable[[], bool] = lambda: False,
    patience: float = 0.0,
) -> Surroundings:
    """Return what an output is told about how events are written."""

    def bury(event_id: str, record: dict[str, Any], reason: str) -> None:
        raw, name = origin(record)
        reasons = (reason, f"event.id {event_id}")
        letter = DeadLetter(raw.encode(), "undeliverable", reasons, name, ReplayHints())
        letters.write([dead_letter(letter, read_time())])

    framing, schema = config.output_format, config.output_schema
    return Surroundings(
        recorder(schema),
        encoder(framing, schema),
        framing,
        schema,
        bury,
        stop,
        patience,
    )


def enriched(config: Config) -> tuple[Config, "Tables | None"]:
    """Return ``config`` with the enrichers that it asks for, and their tables.

    Raises:
        MissingExtraError: no reader of MaxMind's files is installed.
    """
    if not config.tables:
        return config, None
    # Imported here, because it brings the reader of MaxMind's files.
    from esa_auth.enrich.tables import Tables

    try:
        tables = Tables(config.tables)
    except ModuleNotFoundError as error:
        raise MissingExtraError("enrich.geo", error.name, "geo") from error
    settings = replace(config.pipeline, enrich=tables.enrichment)
    return replace(config, pipeline=settings), tables


def observed(
    run: Run[Any], config: Config, follower: "Follower | None" = None
) -> AbstractContextManager[None]:
    """Return what offers the metrics that ``config`` asks for, if it asks for any.

    Raises:
        ConfigError: when entered, if nobody may listen at the address.
    """
    if config.metrics.address is None and config.metrics.file is None:
        return nullcontext()
    # Imported here, because most runs offer none.
    from esa_auth.commands.monitor import monitored

    return monitored(run, config, follower)


def dead_letters(
    config: Config, stop: Callable[[], bool] = lambda: False
) -> DeadLetters:
    """Return where ``config`` wants dead letters; ``stop`` ends a wait for space.

    Raises:
        ConfigError: the file cannot be written.
    """
    return DeadLetters(
        config.dead_letter,
        config.dead_letter_max_bytes,
        config.dead_letter_keep,
        time.sleep,
        stop,
    )


def read_time() -> str:
    """Return the present, as dead letters carry it."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return now.removesuffix("+00:00") + "Z"

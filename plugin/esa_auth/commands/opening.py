"""Opens what a reading command needs: output, dead letters, tables, metrics."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from esa_auth import __version__
from esa_auth.commands.delivery import Run
from esa_auth.config import Config
from esa_auth.ecs import dead_letter
from esa_auth.errors import MissingExtraError
from esa_auth.formats import encoder, json_line, origin, recorder
from esa_auth.model.dead_letter import DeadLetter, ReplayHints
from esa_auth.outputs import Surroundings
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.pipeline import Pipeline

if TYPE_CHECKING:
    from esa_auth.enrich.tables import Tables
    from esa_auth.inputs.follow import Follower


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
        pipeline = Pipeline(config.pipeline, read_time, as_json=True)
        own = None if encode is json_line else encode
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

"""Joins a run with its metrics: where each number is read."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from esa_auth.commands.delivery import Run
from esa_auth.config import Config
from esa_auth.inputs.follow import Follower
from esa_auth.metrics.exposition import Exposition
from esa_auth.metrics.health import complaints, notes
from esa_auth.metrics.pulse import Pulse
from esa_auth.metrics.readings import ApplianceReading, Part, Readings, TableReading
from esa_auth.metrics.server import MetricsServer, TextFile
from esa_auth.outputs.own_file import check_replaceable
from esa_auth.pipeline import Pipeline
from esa_auth.pipeline.appliance import Appliance
from esa_auth.pipeline.native import NativeReader

if TYPE_CHECKING:
    from esa_auth.enrich.tables import Tables


@contextmanager
def monitored(
    run: Run[Any], config: Config, follower: Follower | None = None
) -> Iterator[None]:
    """Offer metrics as ``config`` says, until the end of the block.

    Raises:
        ConfigError: nobody may listen at the address.
    """
    settings = config.metrics
    pulse = run.pulse = Pulse(time.monotonic)
    readings = _readings(run, pulse, follower)

    def reasons() -> list[str]:
        return complaints(readings, settings.stalled_after)

    shown = Exposition(readings, lambda: not reasons())
    with ExitStack() as held:
        if settings.address is not None:
            known = partial(notes, readings)
            server = MetricsServer(settings.address, shown.text, reasons, known)
            held.callback(server.close)
        if settings.file is not None:
            write = partial(_replace, shown)
            held.callback(TextFile(settings.file, write).close)
        yield


def _replace(shown: Exposition, path: str) -> None:
    """Write the metrics to a file; raise OSError if that is something else."""
    check_replaceable(path)
    shown.write(path)


def _readings(run: Run[Any], pulse: Pulse, follower: Follower | None) -> Readings:
    native = run.pipeline.native
    return Readings(
        pulse.beat,
        partial(_appliances, run.pipeline),
        time.time,
        partial(_output, run) if run.output.counters else None,
        (lambda: Part("", follower.counters)) if follower else None,
        (lambda: sum(follower.unread().values())) if follower else None,
        partial(_tables, run.tables) if run.tables else None,
        lambda: run.pipeline.registry.forgotten,
        listeners=run.listeners,
        handed_over=partial(_handed_over, native) if native else None,
    )


def _handed_over(native: NativeReader) -> dict[str, int]:
    return native.handed_over


def _output(run: Run[Any]) -> Part:
    return Part(f"{run.name}_", run.output.counters, run.output.trouble)


def _tables(tables: "Tables") -> list[TableReading]:
    return [
        TableReading(file.name, file.failures, file.failing, file.written)
        for file in tables.files
    ]


def _appliances(pipeline: Pipeline) -> list[ApplianceReading]:
    # The list is made in one step, which the thread that adds to it cannot part.
    return [
        _appliance(appliance)
        for appliance in list(pipeline.registry.appliances.values())
    ]


def _appliance(appliance: Appliance) -> ApplianceReading:
    counts = appliance.counts()
    return ApplianceReading(
        appliance.name,
        appliance.open_sessions(),
        counts.evicted,
        counts.expired,
        appliance.clock.now if appliance.clock.started else 0,
        counts.replaced,
        asdict(counts),
    )

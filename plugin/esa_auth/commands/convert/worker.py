"""The worker of `convert`: the files of one appliance through one pipeline."""

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import msgpack

from esa_auth.commands.convert.plan import Group, Source
from esa_auth.commands.convert.result import opened_sink
from esa_auth.commands.doubt import DoubtingDecoder
from esa_auth.commands.opening import read_time
from esa_auth.config import Config
from esa_auth.errors import EsaAuthError, TemporaryError
from esa_auth.formats import encoder, json_line
from esa_auth.inputs.archives import Archive
from esa_auth.outputs.file import FileSettings
from esa_auth.pipeline import Pipeline

# How often a file's end becomes a point to go on from: each costs a few syncs.
SECONDS_BETWEEN_MARKS = 0.25
_SECONDS_BETWEEN_REPORTS = 0.1


class Mark(NamedTuple):
    """How far a group is at the end of a file.

    ``length`` counts the bytes written for it, ``broken`` the files that broke off;
    ``memory`` is what its next file needs, None after the last.
    """

    files: int = 0
    length: int = 0
    broken: int = 0
    counters: dict[str, int] | None = None
    memory: bytes | None = None


class Read(NamedTuple):
    """Bytes on the disk of the file in hand that are read."""

    done: int


class Broken(NamedTuple):
    """A file that broke off, and why."""

    path: str
    why: str


class Strange(NamedTuple):
    """A file that does not look like a log of an ESA, and what is said of it."""

    path: str
    what: str


class Refused(NamedTuple):
    """Dead letters."""

    letters: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is told; ``durable`` asks for marks that survive a crash."""

    group: Group
    config: Config
    descriptor: int
    durable: bool
    start: Mark
    events: FileSettings | None = None
    """Where events go instead of to the descriptor, which then takes nothing."""


def work(job: Job, report: Connection, unused: list[Connection], parent: int) -> None:
    """Run in a process of its own; ``unused`` are ends of pipes that it inherited."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()
    for end in unused:
        end.close()
    if sys.__stderr__:
        # The progress bar is the parent's.
        sys.stderr = sys.__stderr__
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)
    try:
        _Worker(job, report, parent).run()
    except BrokenPipeError:
        # Nobody is there to be told.
        os._exit(75)
    except (EsaAuthError, OSError) as error:
        known = isinstance(error, EsaAuthError)
        with suppress(BrokenPipeError):
            report.send(error if known else TemporaryError(f"output: {error}"))


class _Worker:
    """Reads, and reports: letters, progress, and each point to go on from."""

    def __init__(self, job: Job, report: Connection, parent: int) -> None:
        config = job.config
        settings = replace(config.pipeline, appliance=job.group.name)
        self._encode = encoder(config.output_format, config.output_schema)
        self._job = job
        self._report = report
        self._parent = parent
        self._pipeline = Pipeline(settings, read_time, as_json=True)
        self._length, self._broken = job.start.length, job.start.broken
        self._next_mark = time.monotonic() + SECONDS_BETWEEN_MARKS
        self._next_report = 0.0
        self._sink: Callable[[bytes], None]
        self._recall(job.start)

    def run(self) -> None:
        """Read the files that are not read yet."""
        job = self._job
        with opened_sink(job.descriptor, job.events, self._orphaned) as self._sink:
            self._run()

    def _run(self) -> None:
        sources = self._job.group.sources
        for number in range(self._job.start.files, len(sources)):
            self._file(sources[number])
            if number + 1 == len(sources):
                self._pipeline.drain()
                self._write()
            self._mark(number + 1, last=number + 1 == len(sources))

    def _file(self, source: Source) -> None:
        self._pipeline.registry.anchor(source.mtime)
        try:
            with Archive(source.path) as archive:
                self._read(archive)
                broken = archive.broken
        except OSError as error:
            broken = error.strerror or str(error)
        self._pipeline.settle()
        if broken:
            self._broken += 1
            self._report.send(Broken(source.path, broken))
        self._write()

    def _read(self, archive: Archive) -> None:
        pipeline = self._pipeline

        def say(what: str) -> None:
            self._report.send(Strange(archive.path, what))

        decoder = DoubtingDecoder(pipeline, self._job.config, say)
        while block := archive.read():
            if not decoder.feed(block):
                archive.broken = archive.broken or "not msgpack from some point on"
                break
            self._write()
            self._tell(archive.position)
        if archive.broken:
            decoder.reject_rest()
        else:
            decoder.finish()
        pipeline.counters.wrapped_joined += decoder.joined

    def _write(self) -> None:
        if self._orphaned():
            os._exit(75)
        if dead := self._pipeline.take_dead():
            self._report.send(Refused(dead))
        if events := self._take():
            self._put(b"".join(events))

    def _put(self, data: bytes) -> None:
        self._sink(data)
        self._length += len(data)

    def _take(self) -> list[bytes]:
        if self._encode is json_line:
            return self._pipeline.take_lines()
        return list(map(self._encode, self._pipeline.take_events()))

    def _tell(self, done: int) -> None:
        if time.monotonic() >= self._next_report:
            self._report.send(Read(done))
            self._next_report = time.monotonic() + _SECONDS_BETWEEN_REPORTS

    def _mark(self, files: int, *, last: bool) -> None:
        if not last and not (self._job.durable and time.monotonic() > self._next_mark):
            return
        if self._job.durable:
            os.fsync(self._job.descriptor)
        counters = asdict(self._pipeline.counters)
        memory = None if last else msgpack.packb(self._pipeline.snapshot())
        self._report.send(Mark(files, self._length, self._broken, counters, memory))
        self._next_mark = time.monotonic() + SECONDS_BETWEEN_MARKS

    def _recall(self, mark: Mark) -> None:
        if mark.memory is None:
            return
        self._pipeline.restore(msgpack.unpackb(mark.memory, strict_map_key=False))
        for name, count in (mark.counters or {}).items():
            setattr(self._pipeline.counters, name, count)

    def _orphaned(self) -> bool:
        return os.getppid() != self._parent

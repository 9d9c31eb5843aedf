"""One worker process per group, their output one after the other, in order."""

import logging
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any

from esa_auth.commands.bar import Bar
from esa_auth.commands.convert.plan import Plan
from esa_auth.commands.convert.result import Result
from esa_auth.commands.convert.worker import (
    Broken,
    Job,
    Mark,
    Read,
    Refused,
    Strange,
    work,
)
from esa_auth.errors import EsaAuthError, TemporaryError
from esa_auth.model.counters import Counters
from esa_auth.outputs.dead_letters import DeadLetters

log = logging.getLogger("esa_auth")

# Forked: a worker inherits the lock on the output, and costs no start.
_FORK = multiprocessing.get_context("fork")


@dataclass(slots=True)
class Progress:
    """How far all groups are.

    The output is ``base`` bytes of the first ``appended`` groups, then what the next
    one has written, unless it is one of the ``parts`` that wait in files of their own.
    """

    marks: list[Mark]
    appended: int = 0
    base: int = 0
    parts: set[int] = field(default_factory=set)

    def length(self) -> int:
        """Return how many bytes of the output are good."""
        if self.appended == len(self.marks) or self.appended in self.parts:
            return self.base
        return self.base + self.marks[self.appended].length

    def as_list(self) -> list[Any]:
        """Return plain data."""
        marks = [list(mark) for mark in self.marks]
        return [marks, self.appended, self.base, sorted(self.parts)]

    @classmethod
    def of_list(cls, saved: list[Any]) -> "Progress":
        """Return what `as_list` gave."""
        marks, appended, base, parts = saved
        return cls([Mark(*mark) for mark in marks], appended, base, set(parts))


@dataclass(frozen=True, slots=True)
class _Running:
    number: int
    process: ForkProcess
    report: Connection


class Workers:
    """Starts them in order, at most ``jobs`` at a time, and takes what they report."""

    def __init__(
        self, plan: Plan, progress: Progress, result: Result, letters: DeadLetters
    ) -> None:
        self._plan = plan
        self._progress = progress
        self._result = result
        self._letters = letters
        self._running: dict[Connection, _Running] = {}
        self._done = [self._size(n, m.files) for n, m in enumerate(progress.marks)]

    def run(self, jobs: int, bar: Bar, save: Callable[[], None]) -> None:
        """Run all groups to their end; ``save`` keeps the progress.

        Raises:
            OutputGoneError: the reader of stdout is gone.
            TemporaryError: a worker died, or something outside failed.
        """
        numbers = range(len(self._progress.marks))
        waiting = [number for number in numbers if not self._over(number)]
        try:
            self._append(save)
            while waiting or self._running:
                while waiting and len(self._running) < jobs:
                    self._start(waiting.pop(0))
                ready = wait(list(self._running))
                for running in list(self._running.values()):
                    if running.report in ready:
                        self._take(running, save)
                bar.read(sum(self._done))
        finally:
            for running in self._running.values():
                running.process.terminate()
                running.process.join()

    def counters(self) -> Counters:
        """Return the counts of all groups together."""
        total = Counters()
        for mark in self._progress.marks:
            for name, count in (mark.counters or {}).items():
                setattr(total, name, getattr(total, name) + count)
        return total

    def _start(self, number: int) -> None:
        progress, mark = self._progress, self._progress.marks[number]
        # The group whose turn it is writes where it belongs, a later one into a part.
        if number != progress.appended and not mark.files:
            progress.parts.add(number)
        descriptor: int | None = self._result.descriptor
        if number in progress.parts:
            descriptor = self._result.open_part(number, mark.length)
        if descriptor is None:
            raise TemporaryError(f"part {number} is gone: start without --resume")
        group, config = self._plan.groups[number], self._plan.config
        if mark.files:
            total = len(group.sources)
            log.info("%s: going on after %d of %d files", group.name, mark.files, total)
        durable = self._result.path is not None
        events = None if number in progress.parts else self._result.events
        job = Job(group, config, descriptor, durable, mark, events)
        report, worker_end = _FORK.Pipe(duplex=False)
        unused = [report, *self._running]
        process = _FORK.Process(
            target=work, args=(job, worker_end, unused, os.getpid()), daemon=True
        )
        process.start()
        worker_end.close()
        if number in progress.parts:
            os.close(descriptor)
        self._running[report] = _Running(number, process, report)

    def _take(self, running: _Running, save: Callable[[], None]) -> None:
        number = running.number
        try:
            said = running.report.recv()
        except EOFError as error:
            name = self._plan.groups[number].name
            raise TemporaryError(f"the worker of {name} died") from error
        if isinstance(said, EsaAuthError):
            raise said
        if isinstance(said, Read):
            before = self._size(number, self._progress.marks[number].files)
            self._done[number] = before + said.done
        elif isinstance(said, Refused):
            self._letters.write(said.letters)
        elif isinstance(said, Broken):
            log.warning("%s: broken off, what came before is used: %s", *said)
        elif isinstance(said, Strange):
            log.warning("%s: %s", *said)
        elif isinstance(said, Mark):
            self._progress.marks[number] = said
            self._done[number] = self._size(number, said.files)
            if self._over(number):
                running.process.join()
                running.report.close()
                del self._running[running.report]
            self._append(save)

    def _append(self, save: Callable[[], None]) -> None:
        """Put the parts of finished groups where they belong, and keep the progress."""
        progress = self._progress
        while progress.appended < len(progress.marks) and self._over(progress.appended):
            number = progress.appended
            waited = number in progress.parts
            if waited:
                save()
                self._result.append_part(number)
            progress.base += progress.marks[number].length
            progress.appended += 1
            progress.parts.discard(number)
            save()
            if waited:
                self._result.drop_part(number)
        save()

    def _over(self, number: int) -> bool:
        files = len(self._plan.groups[number].sources)
        return self._progress.marks[number].files == files

    def _size(self, number: int, files: int) -> int:
        return sum(s.size for s in self._plan.groups[number].sources[:files])


def stopped_by(number: int, _: object) -> None:
    """Handle a signal: what is done stays done."""
    raise TemporaryError(f"stopped by signal {number}")

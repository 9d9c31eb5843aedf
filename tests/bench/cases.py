"""What is run and timed: each case takes one sample at a time."""

from __future__ import annotations

import json
import os
import select
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import orjson

from tests.bench import launch
from tests.bench.corpora import Corpus, Spec, first_lines, write

FLOOR = "import sys\nfor line in sys.stdin.buffer: pass"
ACTIONS = ("smtp-auth", "smtp-auth-client")
FIRST_EVENT_LIMIT_S = 20
MOST_LINES_KEPT = 5_000_000


class RunFailed(Exception):
    """A child failed, or did not do the work that it was timed for."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed run.

    ``seconds`` are of the processor, in the program and in the system for it: those of
    the clock are wrong on a busy machine. ``results`` are the AUTH results to read.
    """

    seconds: float
    lines: int = 0
    events: int = 0
    peak_kib: int = 0
    results: int = 0
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where and with what everything is run, for ``limit`` seconds at most.

    ``program`` starts esa-auth; ``peers`` is where those of others are.
    """

    program: tuple[str, ...]
    core: int
    limit: int
    cache: Path
    scratch: Path
    peers: Path

    @property
    def everywhere(self) -> str:
        """The cores of the machine, as `launch` wants them."""
        return ",".join(map(str, range(os.cpu_count() or 1)))

    @property
    def elsewhere(self) -> str:
        """A core that is not the one of what is measured, if there is one."""
        return str(next((n for n in range(os.cpu_count() or 1) if n != self.core), 0))

    def corpus(self, spec: Spec) -> Corpus:
        """Write it, or find it; a very large one is not kept over the run."""
        large = spec.lines > MOST_LINES_KEPT
        return write(spec, self.scratch if large else self.cache)


class Case(Protocol):
    """Something that is timed again and again."""

    @property
    def name(self) -> str: ...

    def take(self, verify: bool) -> Sample:
        """Run once; ``verify`` also checks the work, outside the time.

        Raises:
            RunFailed: with what the reader of the table needs to know.
            NoRoom: its corpus cannot be written.
        """


def run_pinned(
    stage: Stage,
    command: tuple[str, ...],
    corpus: Corpus,
    watch: tuple[str, ...] = (),
    cores: str = "",
) -> Sample:
    """Run a command on a file, its output in ``scratch/out``.

    Raises:
        RunFailed: it failed, or took too long.
    """
    out, errors = stage.scratch / "out", stage.scratch / "err"
    out.unlink(missing_ok=True)
    files = [str(path) for path in (corpus.path, out, errors)]
    launcher = [sys.executable, "-S", "-E", launch.__file__]
    words = [*watch, "--", *command] if watch else command
    told = subprocess.run(
        [*launcher, cores or str(stage.core), str(stage.limit), *files, *words],
        capture_output=True,
        check=False,
        text=True,
    )
    if told.returncode:
        raise RunFailed(last_line(told.stderr))
    cost = json.loads(told.stdout)
    if cost["elapsed"] >= stage.limit:
        raise RunFailed(f"stopped after {stage.limit} s")
    if cost["status"]:
        reason = last_line(errors.read_text(errors="replace"))
        raise RunFailed(f"exit {cost['status']}: {reason}")
    return Sample(
        cost["cpu"],
        corpus.lines,
        count_lines(out),
        cost["peak_kib"],
        corpus.results,
        cost["elapsed"],
    )


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1][:200]


def count_lines(path: Path) -> int:
    """Count line ends a block at a time: a flood writes hundreds of megabytes."""
    with path.open("rb") as file:
        return sum(
            block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")
        )


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that any Python program can do with the file."""

    name: str
    stage: Stage
    spec: Spec

    def take(self, verify: bool) -> Sample:
        command = (sys.executable, "-c", FLOOR)
        return run_pinned(self.stage, command, self.stage.corpus(self.spec))


@dataclass(frozen=True, slots=True)
class Filter:
    """The program on a corpus; ``joined`` says which results must have a client."""

    name: str
    stage: Stage
    spec: Spec
    options: tuple[str, ...] = ()
    joined: Literal["any", "all", "not all"] = "any"

    def take(self, verify: bool) -> Sample:
        if not shutil.which(self.stage.program[0]):
            raise RunFailed("not built (make engines)")
        corpus = self.stage.corpus(self.spec)
        letters = self.stage.scratch / "dead-letters"
        letters.unlink(missing_ok=True)
        always = ("--appliance", "esa01", "--dead-letter", str(letters))
        command = (*self.stage.program, "filter", *always, *self.options)
        sample = run_pinned(self.stage, command, corpus)
        if verify:
            self.check_work(corpus.results, letters)
        return sample

    def check_work(self, expected: int, letters: Path) -> None:
        if letters.exists() and letters.stat().st_size:
            raise RunFailed(f"{count_lines(letters):,} dead letters")
        results = clients = 0
        with (self.stage.scratch / "out").open("rb") as file:
            for line in file:
                event = orjson.loads(line)
                if event["event"].get("action") in ACTIONS:
                    results += "outcome" in event["event"]
                    clients += "ip" in event.get("source", {})
        if results != expected:
            raise RunFailed(f"wrote {results:,} of {expected:,} AUTH results")
        if self.joined == "all" and clients != results:
            raise RunFailed(f"{clients:,} of {results:,} AUTH results have a client")
        if self.joined == "not all" and clients == results:
            raise RunFailed("no session was evicted")


class Once:
    """A case that takes too long for each round: all get its one sample."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._sample: Sample | None = None

    @property
    def name(self) -> str:
        return self._case.name

    def take(self, verify: bool) -> Sample:
        if self._sample is None:
            self._sample = self._case.take(verify=True)
        return self._sample


@dataclass(frozen=True, slots=True)
class FirstEvent:
    """The processor's time to the first event, with stdin left open."""

    name: str
    stage: Stage

    def take(self, verify: bool) -> Sample:
        command = (*self.stage.program, "filter")
        with pinned(self.stage.core):
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        with child:
            assert child.stdin is not None
            assert child.stdout is not None
            try:
                child.stdin.write(first_lines())
                child.stdin.flush()
                ready, _, _ = select.select([child.stdout], [], [], FIRST_EVENT_LIMIT_S)
                line = child.stdout.readline() if ready else b""
            except BrokenPipeError:
                line = b""
            seconds = processor_seconds(child.pid)
            if not line:
                child.kill()
                raise RunFailed(f"no event: {shlex.join(command)}")
        if verify and orjson.loads(line)["event"].get("action") not in ACTIONS:
            raise RunFailed("the first event is no AUTH result")
        return Sample(seconds)


def processor_seconds(process: int) -> float:
    """Return what a process that still runs has used of the processor."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Let what is started inside run on this core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

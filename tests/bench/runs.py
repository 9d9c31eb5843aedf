"""The other subcommands: archives by several processes, events to a receiver."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field, replace

from tests.bench import receiver
from tests.bench.cases import RunFailed, Sample, Stage, run_pinned
from tests.bench.corpora import Corpus, Spec
from tests.support.ports import free_port
from tests.support.process import account_of


def nothing(stage: Stage) -> Corpus:
    """Give an empty file, for what does not read standard input."""
    path = stage.scratch / "nothing"
    path.touch()
    return Corpus(path, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Convert:
    """Archives of several appliances, by ``jobs`` processes on all cores."""

    name: str
    stage: Stage
    specs: tuple[Spec, ...]
    jobs: int

    def take(self, verify: bool) -> Sample:
        corpora = [self.stage.corpus(spec) for spec in self.specs]
        files = tuple(str(corpus.path) for corpus in corpora)
        command = (*self.stage.program, "convert", "--quiet", "--jobs", str(self.jobs))
        cores = self.stage.everywhere
        sample = run_pinned(
            self.stage, (*command, *files), nothing(self.stage), cores=cores
        )
        lines = sum(corpus.lines for corpus in corpora)
        if verify:
            account = account_of((self.stage.scratch / "err").read_text())
            if (account.lines, account.events) != (lines, sample.events):
                raise RunFailed(f"{account.lines:,} of {lines:,} lines")
        return replace(sample, lines=lines)


@dataclass(slots=True)
class Forward:
    """`tail` of a whole file, until each event is acknowledged on another core."""

    name: str
    stage: Stage
    spec: Spec
    events: int = field(default=0, init=False)

    def take(self, verify: bool) -> Sample:
        corpus = self.stage.corpus(self.spec)
        if verify:
            self.events = self.expected(corpus)
        state = self.fresh("state")
        port = str(free_port())
        stage = self.stage
        watch = (sys.executable, receiver.__file__, stage.elsewhere, port)
        command = (
            *(*stage.program, "tail", str(corpus.path), "--appliance", "esa01"),
            *("--state-dir", state, "--forward", f"127.0.0.1:{port}"),
        )
        told = run_pinned(
            stage, command, nothing(stage), watch=(*watch, str(self.events))
        )
        return replace(told, lines=corpus.lines, events=self.events)

    def expected(self, corpus: Corpus) -> int:
        """Return how many events `filter` makes that keeps its open sessions."""
        command = (*self.stage.program, "filter", "--appliance", "esa01")
        state = self.fresh("expected")
        return run_pinned(self.stage, (*command, "--state-dir", state), corpus).events

    def fresh(self, name: str) -> str:
        folder = self.stage.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        return str(folder)

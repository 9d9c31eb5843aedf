"""How the peers are run. A peer that is not there has no row but its reason."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from tests.bench import lines
from tests.bench.cases import RunFailed, Sample, Stage, count_lines, run_pinned
from tests.bench.corpora import Corpus, Spec
from tests.bench.peers import vrl
from tests.bench.runs import nothing

HERE = Path(__file__).parent
WANTED = (b"Info: SMTP Auth: (ICID ", b"Info: DCID: ", b"Info: New SMTP ICID ")


@lru_cache
def wanted_lines(corpus: Corpus) -> int:
    """Count the lines that a peer has to parse: AUTH results and openings."""
    with corpus.path.open("rb") as file:
        # A subject may quote a line, but not with what stands before it.
        return sum(any(word in line[:80] for word in WANTED) for line in file)


@dataclass(frozen=True, slots=True)
class InProcess:
    """A library of Python on the head of a corpus, timed by its own child."""

    name: str
    stage: Stage
    spec: Spec
    library: Literal["pyvrl", "pygrok", "logprep"]
    most: int
    program: str = "fastest"

    def take(self, verify: bool) -> Sample:
        corpus = self.stage.corpus(self.spec)
        run_pinned(self.stage, self.command(corpus, self.most), corpus)
        told = json.loads((self.stage.scratch / "out").read_bytes().splitlines()[-1])
        if told["parsed"] != told["wanted"]:
            raise RunFailed(f"parsed {told['parsed']} of {told['wanted']} lines")
        return Sample(told["seconds"], told["lines"])

    def command(self, corpus: Corpus, most: int) -> tuple[str, ...]:
        """Give the words that start the child on so many lines."""
        python = self.stage.peers / "python" / "bin" / "python"
        if not python.exists():
            raise RunFailed(f"{self.library}: pip did not install it")
        words: tuple[str, str] = (str(HERE / "python.py"), self.library)
        if self.library == "pyvrl":
            words = (vrl.__file__, self.program)
        return str(python), *words, str(corpus.path), str(most)


@dataclass(frozen=True, slots=True)
class Perl:
    """The join as a script of thirty lines, which may make ids and hashes as well."""

    name: str
    stage: Stage
    spec: Spec
    with_ids: bool = False

    def take(self, verify: bool) -> Sample:
        corpus = self.stage.corpus(self.spec)
        sample = run_pinned(self.stage, self.command(), corpus)
        if sample.events != corpus.results:
            raise RunFailed(f"wrote {sample.events:,} of {corpus.results:,} results")
        return sample

    def command(self) -> tuple[str, ...]:
        """Give the words that start it."""
        perl = shutil.which("perl")
        if not perl:
            raise RunFailed("perl is not installed")
        framing = self.spec.kind if self.spec.kind in ("syslog", "json") else "native"
        return perl, str(HERE / "join.pl"), framing, *(["ids"] if self.with_ids else [])


@dataclass(frozen=True, slots=True)
class Daemon:
    """rsyslog or syslog-ng as a whole process, file in and file out; no join."""

    name: str
    stage: Stage
    spec: Spec
    daemon: Literal["rsyslog", "syslog-ng"]

    def take(self, verify: bool) -> Sample:
        corpus = self.stage.corpus(self.spec)
        wanted = wanted_lines(corpus)
        out = self.stage.scratch / "peer-out"
        out.unlink(missing_ok=True)
        run = self.rsyslog if self.daemon == "rsyslog" else self.syslog_ng
        sample = run(corpus, wanted)
        if (found := count_lines(out)) != wanted:
            raise RunFailed(f"wrote {found:,} of {wanted:,} lines")
        return replace(sample, lines=corpus.lines, events=found)

    def rsyslog(self, corpus: Corpus, wanted: int) -> Sample:
        program, libraries = self.installed("rsyslogd", "rsyslog")
        folder = self.stage.scratch / "rsyslog"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        conf = self.configuration("lines.rsyslog.conf", corpus)
        watch = (self.stage.elsewhere, str(self.stage.scratch / "peer-out"))
        return run_pinned(
            self.stage,
            (
                *self.with_libraries(),
                program,
                "-n",
                "-i",
                "NONE",
                "-M",
                libraries,
                "-f",
                conf,
            ),
            nothing(self.stage),
            (sys.executable, "-S", "-E", lines.__file__, *watch, str(wanted)),
        )

    def syslog_ng(self, corpus: Corpus, wanted: int) -> Sample:
        program, libraries = self.installed("syslog-ng", "syslog-ng/3.38")
        conf = self.configuration("lines.syslog-ng.conf", corpus)
        files = ("persist-file", "control", "pidfile")
        places = [f"--{name}={self.stage.scratch / name}" for name in files]
        options = ("-F", "-e", "--no-caps", f"--module-path={libraries}", "-f", conf)
        command = (*self.with_libraries(), program, *options, *places)
        return run_pinned(self.stage, command, corpus)

    def installed(self, name: str, modules: str) -> tuple[str, str]:
        """Give the program and its modules, as unpacked from Debian's package.

        Raises:
            RunFailed: they are not there.
        """
        usr = self.stage.peers / "debian" / "usr"
        program = usr / "sbin" / name
        if not program.exists():
            raise RunFailed(f"{name}: apt-get did not download it")
        folder = "lib" if "/" in modules else f"lib/{os.uname().machine}-linux-gnu"
        return str(program), str(usr / folder / modules)

    def with_libraries(self) -> tuple[str, ...]:
        """Give the words that let a program find the libraries unpacked beside it."""
        root, triplet = self.stage.peers / "debian", f"{os.uname().machine}-linux-gnu"
        folders = (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib/syslog-ng")
        path = ":".join(str(root / folder) for folder in folders)
        # ivykis cannot wait for a regular file with epoll.
        return (
            "/usr/bin/env",
            f"LD_LIBRARY_PATH={path}",
            "IV_EXCLUDE_POLL_METHOD=epoll epoll-timerfd",
        )

    def configuration(self, name: str, corpus: Corpus) -> str:
        """Write it with its places put in; give its path."""
        text = (HERE / name).read_text()
        places: Mapping[str, Path] = {
            "HERE": HERE,
            "SCRATCH": self.stage.scratch,
            "CORPUS": corpus.path,
        }
        for word, place in places.items():
            text = text.replace(word, str(place))
        path = self.stage.scratch / name
        path.write_text(text)
        return str(path)

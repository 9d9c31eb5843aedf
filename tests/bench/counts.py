"""Instructions a line of the cases and, on ordinary traffic, of the peers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Literal

from tests.bench.cases import RunFailed, Stage
from tests.bench.corpora import Corpus, Spec
from tests.bench.instructions import (
    GROWTH,
    KINDS,
    PURE_KINDS,
    VALGRIND,
    measured,
    under_valgrind,
)
from tests.bench.peers.cases import InProcess, Perl

SETS = ((*KINDS, *PURE_KINDS), GROWTH)
SMALL, LARGE = 5_000, 15_000
Words = Callable[[Corpus], tuple[str, ...]]


def counted(stage: Stage) -> dict[str, float]:
    """Return the counts by case; a peer that cannot be counted has none."""
    if not VALGRIND:
        return {}
    write_all(stage)
    peers = {f"ordinary {name}": words for name, words in peer_words(stage).items()}
    with ThreadPoolExecutor(2) as pool:
        own = [pool.submit(measured, stage.cache, pairs) for pairs in SETS]
        theirs = {
            name: pool.submit(of_peer, stage, words) for name, words in peers.items()
        }
        found = own[1].result() | own[0].result()
        found["sessions"] = found.pop("million")
        for name, told in theirs.items():
            with suppress(RunFailed, subprocess.CalledProcessError):
                found[name] = told.result()
    return found


def write_all(stage: Stage) -> None:
    """Write the corpora before two threads would write the same one."""
    for each in (*KINDS, *PURE_KINDS, *GROWTH):
        stage.corpus(each.small)
        stage.corpus(each.large)
    for size in (SMALL, LARGE):
        stage.corpus(Spec("ordinary", size))


def peer_words(stage: Stage) -> dict[str, Words]:
    """Give what starts each peer that is one process of ours."""

    def perl(with_ids: bool) -> Words:
        case = Perl("", stage, Spec("ordinary", SMALL), with_ids)
        return lambda _corpus: case.command()

    def library(name: Literal["pyvrl", "pygrok", "logprep"], form: str = "") -> Words:
        case = InProcess("", stage, Spec("ordinary", SMALL), name, 0, form)
        return lambda corpus: case.command(corpus, corpus.lines)

    return {
        "perl": perl(with_ids=False),
        "perl with ids": perl(with_ids=True),
        "pygrok": library("pygrok"),
        "vrl fastest": library("pyvrl", "fastest"),
        "vrl remap": library("pyvrl", "remap"),
        "vrl event": library("pyvrl", "event"),
    }


def of_peer(stage: Stage, words: Words) -> float:
    """Return the instructions of one more line, its reading and decoding included."""
    totals = []
    for size in (SMALL, LARGE):
        corpus = stage.corpus(Spec("ordinary", size))
        command = words(corpus)
        _, counts = under_valgrind(command, corpus.path.read_bytes())
        totals.append(sum(counts.values()))
    return (totals[1] - totals[0]) / (LARGE - SMALL)

"""What a processor, memory and a disk are needed for: the table of `examples/sizing`.

``python -m tests.bench.sizing`` prints it, in about two minutes. Processor time is user
and system time of the whole process, its start included, so other work on the machine
disturbs it less than it does the wall clock.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cases import count_lines
from tests.bench.corpora import Corpus, Spec, write

MIB = 1 << 20
LINES, FLOOD, SESSIONS, FEW = 1_000_000, 400_000, 500_000, 1_000
CACHE = Path(".cache") / "bench"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: seconds of processor, bytes of memory and of events."""

    seconds: float
    memory: int
    events: int
    written: int


def measured(corpus: Corpus, folder: Path, *options: str) -> Run:
    """Run `filter` on a corpus, with its state in ``folder``."""
    out, state = folder / "events", folder / "state"
    state.mkdir(mode=0o700)
    words = ["filter", "--appliance", "esa01", "--state-dir", str(state), *options]
    with corpus.path.open("rb") as lines, out.open("wb") as events:
        started = subprocess.Popen(
            [sys.executable, "-m", "esa_auth", *words],
            stdin=lines,
            stdout=events,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(started.pid, 0)
    # `wait4` has reaped it.
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise RuntimeError(f"filter ended with {started.returncode}")
    seconds, written = used.ru_utime + used.ru_stime, out.stat().st_size
    return Run(seconds, used.ru_maxrss * 1024, count_lines(out), written)


def rows() -> Iterator[tuple[str, str]]:
    """Yield (what, how much)."""
    kinds = (
        ("native files, 1 % of the lines AUTH", Spec("ordinary", LINES)),
        ("the same behind syslog heads", Spec("syslog", LINES // 2)),
        ("the same in JSON records", Spec("json", LINES // 2)),
        ("an attack, 25 % of the lines AUTH", Spec("flood", FLOOD)),
    )
    for title, spec in kinds:
        corpus, run, _ = _run(spec)
        yield f"{title}: lines a second", f"{corpus.lines / run.seconds:,.0f}"
        if spec.kind == "flood":
            yield "of it events a second", f"{run.events / run.seconds:,.0f}"
            yield "bytes of an event", f"{run.written / run.events:,.0f}"
    few, kept_few = _run(Spec("million", FEW), cap=2 * SESSIONS)[1:]
    yield "memory with few open connections, MiB", f"{few.memory / MIB:.0f}"
    many, kept = _run(Spec("million", SESSIONS), cap=2 * SESSIONS)[1:]
    held = SESSIONS - FEW
    each = (many.memory - few.memory) / held
    yield "memory of an open connection, bytes", f"{each:.0f}"
    yield "of it in --state-dir, bytes", f"{(kept - kept_few) / held:.0f}"


def _run(spec: Spec, cap: int = 0) -> tuple[Corpus, Run, int]:
    """Return the corpus, what it took, and the bytes of the largest saved state."""
    corpus = write(spec, CACHE)
    with tempfile.TemporaryDirectory() as name:
        folder, options = Path(name), []
        if cap:
            config = folder / "config.yaml"
            config.write_text(f"sessions: {{cap: {cap}}}\n")
            options = ["--config", str(config)]
        if spec.kind == "json":
            options = ["--input", "json"]
        run = measured(corpus, folder, *options)
        kept = max(path.stat().st_size for path in (folder / "state").iterdir())
    return corpus, run, kept


if __name__ == "__main__":
    print("| what | measured |\n|---|---:|")
    for what, much in rows():
        print(f"| {what} | {much} |", flush=True)

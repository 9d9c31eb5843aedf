"""Holds sessions, saves them or takes them up, and prints what memory that took.

``python -m tests.soak.holding kept|live SESSIONS save|start DIRECTORY`` prints, in
KiB: before, with the sessions, and the peak of the save or the start.
"""

import gc
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from esa_auth.commands.delivery import Run
from esa_auth.commands.opening import read_time
from esa_auth.outputs.dead_letters import DeadLetters
from esa_auth.pipeline import Pipeline, Settings
from esa_auth.state import CheckpointStore, StateDirectory
from tests.soak.memory import peak, rss

_STAMP = "Tue Mar 17 18:24:37 2026 Info: "


class _Nowhere:
    """Takes events and keeps none."""

    counters = None
    trouble = ""

    def send(self, batch: object) -> None:
        """Take them."""

    def sync(self) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def _forget_peak() -> None:
    # proc(5): 5 sets the peak to what is resident now.
    Path("/proc/self/clear_refs").write_text("5")


def _lines(kind: str, sessions: int) -> Iterator[bytes]:
    for icid in range(1, sessions + 1):
        # Each its own: nothing of it may be shared.
        host = f"h{icid:09}{'x' * 3800}.example.com"
        yield (
            f"{_STAMP}New SMTP ICID {icid} interface Management (192.0.2.1) address "
            f"198.51.100.7 reverse dns host {host} verified no"
        ).encode()
        if kind == "live":
            yield (
                f"{_STAMP}SMTP Auth: (ICID {icid}) failed for user: u{icid}@example.com"
                " using AUTH mechanism: PLAIN with profile: staff"
            ).encode()


def _run() -> Run[bytes]:
    pipeline = Pipeline(Settings(), read_time, as_json=True)
    return Run(pipeline, None, _Nowhere(), DeadLetters(None, 0, 0, lambda _: None))


def main(kind: str, sessions: int, step: str, path: str) -> None:
    """Do one step."""
    gc.disable()
    run = _run()
    empty = rss(os.getpid())
    if step == "save":
        lines = _lines(kind, sessions)
        while some := list(islice(lines, 200)):
            run.pipeline.feed(some)
            run.forget()
    held = rss(os.getpid())
    _forget_peak()
    with StateDirectory.open(path) as directory:
        checkpoints = CheckpointStore(directory, 1)
        if step == "save":
            checkpoints.save(run.snapshot())
        else:
            run.restore(checkpoints.load())
            held = rss(os.getpid())
    (appliance,) = run.pipeline.registry.appliances.values()
    assert appliance.open_sessions() == sessions
    print(empty, held, peak(os.getpid()))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])

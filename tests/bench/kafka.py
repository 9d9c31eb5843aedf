"""`python -m tests.bench.kafka`: a worker, two workers, their state and its recovery.

The broker runs on the same machine and shares its cores. Nothing here is a test: the
figures are for the page in examples/kafka/.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

import yaml

from tests.bench.corpora import START
from tests.bench.traffic import Traffic, interleave
from tests.kafka.cluster import Cluster, missing
from tests.kafka.lines import Line
from tests.kafka.topics import Feeder, Reader, committed_by, create
from tests.kafka.workers import Worker

_POLL = 0.25
_A_SECOND = 40


def main() -> int:
    """Print the figures, a line for each."""
    options = _options()
    reason = missing()
    if reason is not None:
        raise SystemExit(reason)
    print(f"cores {os.cpu_count()}, load before {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        bench = _Bench(held.enter_context(Cluster(Path(name) / "broker")), Path(name))
        _rates(bench, options)
        _state(bench, options.sessions)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.kafka")
    add = parser.add_argument
    add("--lines", type=int, default=800_000, help="of the topic that is read")
    add("--sessions", type=int, default=1_000_000, help="open ones")
    add("--appliances", type=int, default=48)
    add("--runs", type=int, default=3)
    return parser.parse_args()


@dataclass
class _Bench:
    cluster: Cluster
    folder: Path
    runs: int = 0

    def worker(self, run: str, number: int, partitions: int, **more: object) -> Worker:
        """Return a worker of the group ``run``."""
        stream = {
            "brokers": self.cluster.address,
            "group": run,
            "partitions": partitions,
            "replication": 1,
            "topics": {
                "raw": more.pop("raw", f"{run}-raw"),
                "keyed": f"{run}-keyed",
                "events": f"{run}-events",
                "dead_letters": f"{run}-dead",
            },
        }
        config = self.folder / f"{run}.yaml"
        config.write_text(yaml.safe_dump({"stream": stream, **more}), "utf-8")
        self.runs += 1
        return Worker(self.folder / f"{run}-{number}-{self.runs}", config)


def _rates(bench: _Bench, options: argparse.Namespace) -> None:
    for partitions, counts in ((8, (1, 2)), (1, (1,))):
        raw = f"rate-raw-{partitions}"
        create(bench.cluster.address, [raw], partitions)
        feeder = Feeder(bench.cluster.address, raw, partitions)
        feeder.feed(_ordinary(options.lines, options.appliances))
        feeder.finish()
        found: dict[int, float] = {}
        for count in counts:
            runs = [
                _rate(bench, raw, partitions, count, options.lines, run)
                for run in range(options.runs)
            ]
            found[count] = median(runs)
            shown = ", ".join(f"{run:,.0f}" for run in runs)
            print(
                f"{count} workers, {partitions} partitions: {found[count]:,.0f} lines/s"
                f" (runs {shown})",
                flush=True,
            )
        if len(found) > 1:
            print(f"2 workers : 1 worker = {found[2] / found[1]:.2f}", flush=True)


def _rate(
    bench: _Bench, raw: str, partitions: int, count: int, lines: int, run: int
) -> float:
    """Return lines a second from when all work to when the first may be done."""
    group = f"rate-{partitions}-{count}-{run}"
    with ExitStack() as held:
        workers = [
            held.enter_context(bench.worker(group, n, partitions, raw=raw))
            for n in range(count)
        ]
        for worker in workers:
            worker.start()
        # A rebalance stops everyone, and is another figure.
        while not all(worker.works and _assigned(worker) for worker in workers):
            time.sleep(_POLL)
        first = _done(bench, group, raw)
        marks: list[tuple[float, int]] = []
        while not marks or marks[-1][1] < lines * 0.98:
            marks.append((time.monotonic(), _done(bench, group, raw)))
            time.sleep(_POLL)
        if run == 0:
            _processor(workers)
        assert all(worker.stop() == 0 for worker in workers)
    inside = [m for m in marks if first < m[1] <= lines * 0.85]
    (t0, n0), (t1, n1) = inside[0], inside[-1]
    return (n1 - n0) / (t1 - t0)


def _assigned(worker: Worker) -> bool:
    said = [x for x in worker.told().splitlines() if "signed: " in x or "revok" in x]
    return bool(said) and "assigned: " in said[-1]


def _processor(workers: list[Worker]) -> None:
    tick = os.sysconf("SC_CLK_TCK")
    for worker in workers:
        words = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
        used = (int(words[11]) + int(words[12])) / tick
        print(f"  processor time of a worker: {used:.1f} s", flush=True)


def _done(bench: _Bench, group: str, raw: str) -> int:
    """Return how many messages the group has committed."""
    return sum(committed_by(bench.cluster.address, group, [raw]).values())


def _ordinary(lines: int, appliances: int) -> Iterator[Line]:
    """Yield ordinary traffic: about one line in a hundred is an AUTH result."""
    bodies = []
    for number in range(appliances):
        random = Random(number)
        maker = Traffic(random)
        bodies.append(interleave(random, maker.ordinary_sessions(), 50))
    for second in range(lines // (appliances * _A_SECOND) + 1):
        stamp = time.asctime(time.gmtime(START + second))
        for number, source in enumerate(bodies):
            name = f"esa{number:03d}"
            for body in islice(source, _A_SECOND):
                yield Line(name, name, f"{stamp} Info: {body}".encode())


def _state(bench: _Bench, sessions: int) -> None:
    """Open sessions, look at what they take, and let another worker take them over."""
    raw = "state-raw"
    create(bench.cluster.address, [raw], 1)
    first = bench.worker("state", 1, 1, sessions={"cap": 2 * sessions})
    again = bench.worker("state", 2, 1, sessions={"cap": 2 * sessions})
    feeder = Feeder(bench.cluster.address, raw, 1)
    with first, again:
        first.start()
        while not first.works:
            time.sleep(_POLL)
        before = _resident(first.pid)
        feeder.feed(_openings(sessions))
        feeder.finish()
        while _done(bench, "state", raw) < 2 * sessions:
            time.sleep(_POLL)
        memory = _resident(first.pid) - before
        assert first.stop() == 0
        changelog = _size(bench.folder / "broker", "changelog__state--state-raw")
        local = sum(f.stat().st_size for f in first.state.rglob("*") if f.is_file())
        print(f"{sessions:,} open sessions, one appliance, two lines each:")
        for what, size in (
            ("memory of the worker, less that of an idle one", memory),
            ("local copy", local),
            ("changelog before compaction", changelog),
        ):
            print(f"  {what}: {size / sessions:,.0f} bytes a session", flush=True)
        probe = f"{time.asctime(time.gmtime(START + 60))} Info: {_probe(sessions)}"
        feeder.feed([Line("esa000", "esa000", probe.encode())])
        feeder.finish()
        began = time.monotonic()
        again.start()
        _await_event(bench)
        took = time.monotonic() - began
        print(
            f"  another worker, from its start without a copy to its first event:"
            f" {took:.1f} s, {took / sessions * 1e6:.0f} s a million",
            flush=True,
        )
        assert again.stop() == 0


def _await_event(bench: _Bench) -> None:
    reader = Reader(bench.cluster.address, "state-events")
    reader.wait(lambda message: True)
    reader.close()


def _openings(sessions: int) -> Iterator[Line]:
    maker = Traffic(Random(1))
    stamp = time.asctime(time.gmtime(START))
    for icid in range(1, sessions + 1):
        for body in maker.opening(icid):
            yield Line("esa000", "esa000", f"{stamp} Info: {body}".encode())


def _probe(icid: int) -> str:
    return Traffic(Random(1)).inbound_result(icid, "alice@example.com", "failed")


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _size(folder: Path, topic: str) -> int:
    files = folder.glob(f"data*/{topic}*/*.log")
    return sum(file.stat().st_size for file in files)


if __name__ == "__main__":
    sys.exit(main())

"""A fleet's log through workers that are killed, against the undisturbed run."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson
import yaml

from tests.kafka.cluster import Cluster
from tests.kafka.lines import CAP, MAX_AGE, Line
from tests.kafka.topics import LOG_APPEND_TIME, Reader, behind, create
from tests.kafka.workers import Worker
from tests.soak.events import Events, judge, read_events
from tests.soak.sizes import HANG
from tests.support.process import command

#: A reader of committed messages waits for the transaction of one that was killed.
TRANSACTION_SECONDS = 15


@dataclass(frozen=True)
class Names:
    """Topics and group of one run; every run has its own."""

    run: str

    @property
    def raw(self) -> str:
        """Lines in."""
        return f"{self.run}-raw"

    @property
    def inputs(self) -> tuple[str, str]:
        """What the workers read."""
        return (self.raw, f"{self.run}-keyed")

    @property
    def outputs(self) -> tuple[str, str]:
        """What the workers write."""
        return (f"{self.run}-events", f"{self.run}-dead")

    def create(self, cluster: Cluster, partitions: int) -> None:
        """Create all topics."""
        topics = (*self.inputs, *self.outputs)
        create(cluster.address, topics, partitions, cluster.brokers)

    def config(
        self, folder: Path, cluster: Cluster, partitions: int, **more: object
    ) -> Path:
        """Write the configuration of the workers and of the undisturbed run."""
        stream = {
            "brokers": cluster.address,
            "group": self.run,
            "partitions": partitions,
            "replication": cluster.brokers,
            "commit_interval": 0.5,
            "session_timeout": 6,
            "transaction_timeout": TRANSACTION_SECONDS,
            "topics": {
                "raw": self.raw,
                "keyed": f"{self.run}-keyed",
                "events": f"{self.run}-events",
                "dead_letters": f"{self.run}-dead",
            },
            **more,
        }
        sessions = {"cap": CAP, "max_age": MAX_AGE}
        tree = {"stream": stream, "sessions": sessions}
        path = folder / f"{self.run}.yaml"
        path.write_text(yaml.safe_dump(tree), "utf-8")
        return path


@dataclass(frozen=True)
class Found:
    """Events by id, and how often each line was refused."""

    events: Events
    dead: Counter[str]


def undisturbed(config: Path, lines: Iterable[Line], folder: Path) -> Found:
    """Return what one process makes of the same lines."""
    # A state directory: what is open at the end stays open, as it does in a topic.
    records, out, letters = (folder / name for name in ("records", "out", "dead"))
    with records.open("wb") as file:
        file.writelines(line.record() for line in lines)
    with records.open("rb") as stdin, out.open("wb") as stdout:
        subprocess.run(
            [
                *(*command(), "filter", "--config", str(config), "--input", "json"),
                *("--state-dir", str(folder / "state"), "--dead-letter", str(letters)),
            ],
            stdin=stdin,
            stdout=stdout,
            check=True,
            timeout=HANG,
        )
    events = read_events(out)
    assert events.duplicates == 0
    with letters.open("rb") as file:
        return Found(events, Counter(_dead(line) for line in file))


def wait_for_workers(
    cluster: Cluster, names: Names, workers: Iterable[Worker] = ()
) -> None:
    """Return when all that was fed is committed; ``workers`` may give up meanwhile."""
    until = time.monotonic() + HANG
    while behind(cluster.address, names.run, names.inputs):
        for worker in workers:
            worker.watch()
        assert time.monotonic() < until, "the workers stay behind"
        time.sleep(0.2)


def committed(cluster: Cluster, names: Names, copy: Path) -> Found:
    """Return what readers of committed messages find, after the workers have ended.

    The events go to the file ``copy`` as well, for whom a difference sends looking.
    """
    events, dead = Events(), Counter[str]()
    reader = Reader(cluster.address, *names.outputs)
    with copy.open("wb") as file:
        for message in reader.all():
            # Retention goes by when it was written, not by the log's time.
            assert message.kind_of_time == LOG_APPEND_TIME
            if message.topic.endswith("-dead"):
                dead[_dead(message.value)] += 1
                continue
            file.write(message.value + b"\n")
            event = orjson.loads(message.value)
            assert message.key == event["event"]["id"].encode()
            events.add([event])
    reader.close()
    return Found(events, dead)


def compare(clean: Found, found: Found) -> dict[str, int]:
    """Return the figures of the comparison; all but the first are to be 0."""
    verdict = judge(clean.events, found.events)
    return {
        "events": len(clean.events.digests),
        "lost": verdict.lost,
        "phantom": verdict.phantom,
        "wrong": verdict.wrong,
        "duplicates": verdict.duplicates,
        "dead_letters_off": (clean.dead - found.dead).total()
        + (found.dead - clean.dead).total(),
    }


def _dead(letter: bytes) -> str:
    """Return a dead letter less the time at which it was read."""
    tree = orjson.loads(letter)
    del tree["@timestamp"], tree["event"]["created"]
    return sha256(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)).hexdigest()

"""`make demo-kafka`: the quick start through Kafka, and its logins as a table.

Starts a broker, produces `examples/quickstart/mail_logs` as two appliances, one with a
key and one without, and runs two workers until the events are there.
"""

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml
from examples.quickstart.demo import show_logins
from tests.kafka.cluster import Cluster, missing
from tests.kafka.lines import Line
from tests.kafka.topics import Feeder, Message, Reader, create
from tests.kafka.workers import Worker, wait_until

LOG = Path(__file__).parent.parent / "quickstart" / "mail_logs"
#: Results and session ends that the log has, for each of two appliances.
EVENTS = 16


def main() -> None:
    """Run it; everything lies in a temporary folder and is gone afterwards."""
    reason = missing()
    if reason is not None:
        raise SystemExit(f"no broker can be started: {reason}")
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        folder = Path(name)
        print("# starting a broker", flush=True)
        cluster = held.enter_context(Cluster(folder / "broker"))
        config = folder / "esa-auth.yaml"
        stream = {"brokers": cluster.address, "partitions": 4, "replication": 1}
        config.write_text(yaml.safe_dump({"stream": stream, "appliance": "esa02"}))
        create(cluster.address, ["esa-raw"], 4)
        print(f"# esa-auth stream --brokers {cluster.address}, twice", flush=True)
        for n in (1, 2):
            words = ("--instance", f"worker{n}")
            worker = held.enter_context(Worker(folder / f"worker{n}", config, *words))
            _start(worker)
        _produce(cluster.address)
        _show(Reader(cluster.address, "esa-auth-events"))


def _start(worker: Worker) -> None:
    worker.start()
    wait_until(lambda: worker.works)


def _produce(brokers: str) -> None:
    # The client ends with this function: one that outlives the broker says FAIL.
    feeder = Feeder(brokers, "esa-raw", 4)
    for line in LOG.read_bytes().splitlines():
        feeder.feed([Line("esa01", "esa01", line), Line("esa02", None, line)])
    feeder.finish()


def _show(reader: Reader) -> None:
    events: list[dict[str, Any]] = []

    def last(message: Message) -> bool:
        events.append(json.loads(message.value))
        return len(events) == EVENTS

    reader.wait(last)
    reader.close()
    show_logins(events)
    print(f"# {EVENTS} events, key event.id, read_committed", flush=True)


if __name__ == "__main__":
    main()

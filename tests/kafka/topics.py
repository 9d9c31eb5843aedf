"""Lines into topics, and what readers of committed messages find in them."""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

from tests.engines import require
from tests.kafka.cluster import missing
from tests.kafka.lines import Line
from tests.soak.sizes import HANG

#: The kind of time that a message has from the broker (CreateTime is 1).
LOG_APPEND_TIME = 2


class Message(NamedTuple):
    """A message as it was read."""

    topic: str
    key: bytes | None
    value: bytes
    kind_of_time: int


def require_kafka() -> None:
    """End the test as not run if there is no broker or no client to be had."""
    reason = missing()
    require("Apache Kafka", reason is None, reason or "")
    found = find_spec("quixstreams") and find_spec("confluent_kafka")
    require("quixstreams", found, "the extra kafka is not installed")


def partition_of(name: str, partitions: int) -> int:
    """Return a partition that is always the same for ``name``."""
    return zlib.crc32(name.encode()) % partitions


class Feeder:
    """Produces lines in their order, each appliance to a partition of its own."""

    def __init__(self, brokers: str, topic: str, partitions: int, **more: str) -> None:
        from confluent_kafka import Producer

        settings = {"bootstrap.servers": brokers, "enable.idempotence": "true"}
        self._producer = Producer({**settings, "linger.ms": "20", **more})
        self._topic, self._partitions = topic, partitions
        self._failed: list[object] = []

    def feed(self, lines: Iterable[Line]) -> None:
        """Produce lines, waiting for room."""
        for line in lines:
            where = partition_of(line.appliance, self._partitions)
            key = line.key.encode() if line.key else None
            while True:
                try:
                    self._producer.produce(
                        self._topic, line.raw, key, where, on_delivery=self._note
                    )
                    break
                except BufferError:
                    self._producer.poll(0.5)
            self._producer.poll(0)

    def finish(self) -> None:
        """Return when the brokers have all of it."""
        assert self._producer.flush(HANG) == 0
        assert not self._failed, self._failed[:3]

    def _note(self, error: object, message: object) -> None:
        if error is not None:
            self._failed.append(error)


class Reader:
    """Reads topics from their beginning, committed messages only."""

    def __init__(self, brokers: str, *topics: str) -> None:
        from confluent_kafka import Consumer, TopicPartition

        self._consumer = Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": "reader",
                "enable.auto.commit": "false",
                "enable.partition.eof": "true",
                "isolation.level": "read_committed",
            }
        )
        found = self._consumer.list_topics(timeout=30).topics
        self._places = {(t, p) for t in topics for p in found[t].partitions}
        self._consumer.assign([TopicPartition(*place, 0) for place in self._places])

    def all(self) -> Iterator[Message]:
        """Yield what there is, to the end of every partition. To be called once."""
        left, until = set(self._places), time.monotonic() + HANG
        while left:
            assert time.monotonic() < until, "the topics do not end"
            for message in self._consumer.consume(5000, 0.5):
                if message.error():
                    left.discard((message.topic(), message.partition()))
                else:
                    yield _read(message)

    def wait(self, enough: Callable[[Message], bool]) -> None:
        """Read until ``enough`` says so of a message."""
        until = time.monotonic() + HANG
        while time.monotonic() < until:
            message = self._consumer.poll(0.5)
            if message and not message.error() and enough(_read(message)):
                return
        raise AssertionError("what is waited for does not come")

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


def _read(message: Any) -> Message:
    kind, _ = message.timestamp()
    return Message(message.topic(), message.key(), message.value(), kind)


def behind(brokers: str, group: str, topics: Iterable[str]) -> bool:
    """Return whether a message of ``topics`` is not committed by the group yet."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    # Offsets do not tell: the last of a partition may be the mark of a transaction.
    words = {"bootstrap.servers": brokers, "group.id": group}
    consumer = Consumer({**words, "enable.partition.eof": "true"})
    try:
        found = consumer.list_topics(timeout=30).topics
        places = [TopicPartition(t, p) for t in topics for p in found[t].partitions]
        for place in (places := consumer.committed(places, timeout=30)):
            place.offset = place.offset if place.offset >= 0 else OFFSET_BEGINNING
        consumer.assign(places)
        ends = consumer.consume(len(places), 10.0)
        return len(ends) < len(places) or not all(end.error() for end in ends)
    finally:
        consumer.close()


def create(
    brokers: str, topics: Iterable[str], partitions: int, replication: int = 1
) -> None:
    """Create topics, as an operator would."""
    from confluent_kafka.admin import AdminClient, NewTopic

    admin: Any = AdminClient({"bootstrap.servers": brokers})
    config = {"message.timestamp.type": "LogAppendTime"}
    wanted = [NewTopic(t, partitions, replication, config=config) for t in topics]
    for made in admin.create_topics(wanted).values():
        made.result()

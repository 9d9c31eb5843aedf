"""Lines into topics, and what readers of committed messages find in them."""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

from tests.kafka.cluster import missing
from tests.kafka.lines import Line
from tests.soak.sizes import HANG
from tests.support.engines import require

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
    """Reads committed messages of topics, from their beginning or from ``start`` on."""

    def __init__(
        self, brokers: str, *topics: str, start: Mapping[tuple[str, int], int] = {}
    ) -> None:
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
        self._consumer.assign(
            [TopicPartition(*place, start.get(place, 0)) for place in self._places]
        )

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


def committed_by(
    brokers: str, group: str, topics: Iterable[str]
) -> dict[tuple[str, int], int]:
    """Return what a group has committed, without becoming a member of it.

    With auto-commit, a consumer of the group's name commits what it has read when it
    closes, and the workers skip that. This one reads nothing and commits nothing.
    (`AdminClient.list_consumer_group_offsets` crashes in confluent-kafka 2.12.2.)
    """
    from confluent_kafka import Consumer, TopicPartition

    words = {"bootstrap.servers": brokers, "group.id": group}
    consumer = Consumer({**words, "enable.auto.commit": "false"})
    try:
        found = consumer.list_topics(timeout=30).topics
        places = [TopicPartition(t, p) for t in topics for p in found[t].partitions]
        known = _offsets(consumer, places)
        return {(p.topic, p.partition): p.offset for p in known if p.offset >= 0}
    finally:
        consumer.close()


def _offsets(consumer: Any, places: list[Any]) -> list[Any]:
    from confluent_kafka import KafkaException

    until = time.monotonic() + HANG
    while True:
        try:
            offsets: list[Any] = consumer.committed(places, timeout=30)
        except KafkaException:
            # The group's coordinator is being found.
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return offsets


def behind(brokers: str, group: str, topics: Iterable[str]) -> bool:
    """Return whether a message of ``topics`` is not committed by the group yet."""
    # Offsets do not tell: the last of a partition may be the mark of a transaction.
    names = list(topics)
    reader = Reader(brokers, *names, start=committed_by(brokers, group, names))
    try:
        return next(reader.all(), None) is not None
    finally:
        reader.close()


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

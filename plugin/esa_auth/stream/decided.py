"""Whether all transactions on a partition have come to their end."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from esa_auth.errors import TemporaryError
from esa_auth.stream.client import failure
from esa_auth.stream.settings import StreamSettings

#: Seconds for one answer of the brokers.
LOOK_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


class Admin(Protocol):
    """The part of confluent-kafka's `AdminClient` that is asked."""

    def list_offsets(self, wanted: dict[TopicPartition, Any], **how: Any) -> Any:
        """Return a future of the offset of each partition."""


def await_decided(
    connect: Callable[[], Admin],
    partitions: Iterable[TopicPartition],
    settings: StreamSettings,
) -> None:
    """Wait until no transaction is open on changelogs that we are to read.

    A committed transaction gets its marker in each partition at another moment. The
    engine takes what a reader of committed messages sees for the end of a changelog:
    with the offsets already there and the changelog's marker not, it would go on behind
    lines whose sessions it never saw.

    Args:
        connect: Returns a new client.
        partitions: Of changelogs.
        settings: Those of the worker.

    Raises:
        ConfigError: the brokers refuse us.
        TemporaryError: one is open for longer than a transaction may be, or the brokers
            do not say for as long.
    """
    changelogs = list(partitions)
    until = time.monotonic() + settings.transaction_timeout + LOOK_SECONDS
    admin = connect() if changelogs else None
    while admin:
        try:
            if not _undecided(admin, changelogs, settings):
                return
            why = TemporaryError("stream: a transaction stays open")
        except TemporaryError as error:
            # Where a partition has got another leader, a client goes on to ask by the
            # old one ("Leader epoch is older than broker epoch", seen for 25 s with
            # confluent-kafka 2.12 and three brokers 4.1).
            why, admin = error, connect()
        if time.monotonic() > until:
            raise why
        time.sleep(_PAUSE_SECONDS)


def _undecided(
    admin: Admin, partitions: list[TopicPartition], settings: StreamSettings
) -> bool:
    ends = []
    for level in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED):
        futures = admin.list_offsets(
            {
                TopicPartition(p.topic, p.partition): OffsetSpec.latest()
                for p in partitions
            },
            isolation_level=level,
            request_timeout=LOOK_SECONDS,
        )
        try:
            found = {p: future.result().offset for p, future in futures.items()}
        except KafkaException as error:
            raise failure(error.args[0], settings) from error
        ends.append({(p.topic, p.partition): offset for p, offset in found.items()})
    return ends[0] != ends[1]

"""What a worker says of an error of Kafka, and whether another start may help."""

import pytest
from confluent_kafka import KafkaError

from esa_auth.errors import ConfigError, EsaAuthError, TemporaryError
from esa_auth.stream.client import failure
from esa_auth.stream.settings import Security, StreamSettings, Topics

SETTINGS = StreamSettings(
    brokers="broker.example.com:9092",
    group="g",
    instance=None,
    topics=Topics("raw", "keyed", "events", "dead"),
    partitions=1,
    replication=1,
    commit_interval=1.0,
    session_timeout=10.0,
    transaction_timeout=10.0,
    security=Security(),
)


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        # Three brokers had just started; a worker asked for the ends of partitions.
        (KafkaError.NOT_LEADER_FOR_PARTITION, TemporaryError, "may succeed"),
        (KafkaError.COORDINATOR_LOAD_IN_PROGRESS, TemporaryError, "may succeed"),
        (KafkaError._TRANSPORT, TemporaryError, "is HOST:PORT right"),
        (KafkaError._ALL_BROKERS_DOWN, TemporaryError, "is HOST:PORT right"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, ConfigError, "authorization"),
    ],
)
def test_it_says_what_may_help(code: int, kind: type[EsaAuthError], told: str) -> None:
    error = failure(KafkaError(code), SETTINGS)
    assert type(error) is kind
    assert told in str(error)
    answered = code > 0
    assert ("HOST:PORT" in str(error)) is not answered

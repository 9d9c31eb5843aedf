"""A worker waits for the brokers to say how far a changelog is written."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition

from esa_auth.errors import ConfigError, TemporaryError
from esa_auth.stream import decided
from tests.kafka.test_failures import SETTINGS

PARTITIONS = [TopicPartition("changelog", 0)]
Answer: TypeAlias = int | KafkaError


class Brokers:
    """Answer each question with the next of two ends, or an error.

    A client that was given an error is given the same for ever.
    """

    def __init__(self, written: list[Answer], committed: list[Answer]) -> None:
        self._answers = {
            IsolationLevel.READ_UNCOMMITTED: written,
            IsolationLevel.READ_COMMITTED: committed,
        }

    def client(self) -> "Client":
        return Client(self._answers)


class Client:
    def __init__(self, answers: dict[Any, list[Answer]]) -> None:
        self._answers = answers
        self._error: KafkaError | None = None

    def list_offsets(self, wanted: dict[TopicPartition, Any], **how: Any) -> Any:
        answers = self._answers[how["isolation_level"]]
        answer = self._error or (answers.pop(0) if len(answers) > 1 else answers[0])
        future: Future[Any] = Future()
        if isinstance(answer, KafkaError):
            self._error = answer
            future.set_exception(KafkaException(answer))
        else:
            future.set_result(SimpleNamespace(offset=answer))
        return dict.fromkeys(wanted, future)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decided, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(decided, "_PAUSE_SECONDS", 0.0)


def waits(brokers: Brokers, seconds: float = 10.0) -> Callable[[], None]:
    settings = replace(SETTINGS, transaction_timeout=seconds)
    return lambda: decided.await_decided(brokers.client, PARTITIONS, settings)


def test_it_waits_for_the_end_of_a_transaction() -> None:
    written: list[Answer] = [7]
    waits(Brokers(written, [5, 5, 7]))()


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError._TRANSPORT,
    ],
)
def test_leaders_may_change_meanwhile(code: int) -> None:
    waits(Brokers([KafkaError(code), 7], [7]))()


def test_what_is_refused_is_said_at_once() -> None:
    refused = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(ConfigError, match="authorization"):
        waits(Brokers([refused, 7], [7]))()


def test_it_says_what_it_waited_for() -> None:
    with pytest.raises(TemporaryError, match="a transaction stays open"):
        waits(Brokers([7], [5]), 0.0)()
    away = KafkaError(KafkaError.LEADER_NOT_AVAILABLE)
    with pytest.raises(TemporaryError, match="Leader not available"):
        waits(Brokers([away], [5]), 0.0)()


def test_nothing_to_wait_for_asks_nobody() -> None:
    decided.await_decided(Brokers([], []).client, [], SETTINGS)

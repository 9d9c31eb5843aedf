"""The worker: Quix Streams with exactly-once on, around a `KeyedPipelines`.

Written against Quix Streams 3.28, which the extra pins: what is overridden here has no
public name there.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from quixstreams import Application, State, message_context
from quixstreams.exceptions import QuixException
from quixstreams.kafka import ConnectionConfig
from quixstreams.models import Serializer, Topic, TopicConfig
from quixstreams.sinks import BaseSink

from esa_auth.errors import EsaAuthError, TemporaryError
from esa_auth.stream.client import connection, consumer, failure, producer
from esa_auth.stream.decided import await_decided
from esa_auth.stream.keyed import KeyedPipelines
from esa_auth.stream.settings import Outgoing, StreamSettings

# A log of last year would be deleted the day it is written if its messages kept the
# time of the log: retention goes by the time of the message.
_CREATED = {"message.timestamp.type": "LogAppendTime"}

_log = logging.getLogger("esa_auth")

Rekey = Callable[[bytes], list[Outgoing]]


class Worker(Application):
    """An application that has no pipelines whenever its partitions change."""

    def __init__(
        self,
        settings: StreamSettings,
        pipelines: KeyedPipelines[Outgoing],
        stop: Callable[[], bool],
        directory: str,
    ) -> None:
        self._settings, self._pipelines, self._stop = settings, pipelines, stop
        super().__init__(
            ConnectionConfig.from_librdkafka_dict(connection(settings)),
            consumer_group=settings.group,
            auto_offset_reset="earliest",
            commit_interval=settings.commit_interval,
            consumer_extra_config=consumer(settings),
            producer_extra_config=producer(settings),
            processing_guarantee="exactly-once",
            loglevel=None,
            state_dir=directory,
            # They would write a traceback; the error itself comes to `run`.
            on_consumer_error=_passes_on,
            on_processing_error=_passes_on,
            on_producer_error=_passes_on,
        )

    def _on_sigterm(self, *_: Any) -> None:
        self._stop = _always
        super()._on_sigterm()  # type: ignore[no-untyped-call]  # quixstreams: no types

    def _on_sigint(self, *_: Any) -> None:
        self._stop = _always
        super()._on_sigint()  # type: ignore[no-untyped-call]  # quixstreams: no types

    def work(self) -> None:
        """Work until a stop.

        Raises:
            KafkaException, QuixException: as the engine raises them.
        """
        try:
            self.run()
        except (KafkaException, QuixException) as error:
            # At a stop the engine may ask a client that it has closed itself.
            cause = error if isinstance(error, KafkaException) else error.__cause__
            closed = isinstance(cause, KafkaException) and (
                cause.args[0].code() == KafkaError._DESTROY
            )
            if not (closed and self._stop()):
                raise

    def _process_message(self, composed: Any) -> None:
        # The engine forgets a stop that comes before it runs, and to begin a
        # transaction can take long.
        if self._stop():
            self.stop()
        else:
            super()._process_message(composed)  # type: ignore[no-untyped-call]  # quixstreams: no types

    def _on_assign(self, client: Any, partitions: list[TopicPartition]) -> None:
        self._pipelines.forget()
        inputs = self._topic_manager.non_changelog_topics
        changelogs = (p for p in partitions if p.topic not in inputs)
        connect = partial(AdminClient, connection(self._settings))
        await_decided(connect, changelogs, self._settings)
        super()._on_assign(client, partitions)
        _log.info("assigned: %s", self._shown(partitions))

    def _on_revoke(self, client: Any, partitions: list[TopicPartition]) -> None:
        super()._on_revoke(client, partitions)
        self._pipelines.forget()
        _log.info("revoked: %s", self._shown(partitions))

    def _on_lost(self, client: Any, partitions: list[TopicPartition]) -> None:
        # Another worker has them. The engine would leave the transaction open, and a
        # worker that the group knows no more commits without being asked who it is.
        self._producer.abort_transaction(self._settings.transaction_timeout)
        super()._on_lost(client, partitions)
        self._processing_context.init_checkpoint()  # type: ignore[no-untyped-call]  # quixstreams: no types
        self._pipelines.forget()
        _log.warning("lost: %s", self._shown(partitions))

    def _shown(self, partitions: list[TopicPartition]) -> str:
        inputs = self._topic_manager.non_changelog_topics
        found = [f"{p.topic} {p.partition}" for p in partitions if p.topic in inputs]
        return ", ".join(sorted(found)) or "nothing"


def _always() -> bool:
    return True


def _passes_on(*_: Any) -> bool:
    return False


class _BeforeCommit(BaseSink):
    """The engine flushes its sinks before it writes changelogs: our time to write."""

    def __init__(self, pipelines: KeyedPipelines[Outgoing]) -> None:
        super().__init__(on_client_connect_success=lambda: None)
        self._pipelines = pipelines

    def flush(self) -> None:
        self._pipelines.write()

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: messages leave by their topic."""


class _ValueOf(Serializer):
    """Writes the value of an `Outgoing`."""

    def __call__(self, value: Outgoing, *args: Any, **kwargs: Any) -> bytes:
        return value.value


def run(
    settings: StreamSettings,
    pipelines: KeyedPipelines[Outgoing],
    rekey: Rekey,
    stop: Callable[[], bool],
    directory: str,
) -> None:
    """Work until SIGTERM or SIGINT, and commit what was read.

    ``rekey`` makes messages with a key of a value without one; ``stop`` tells of a
    signal that came before; in ``directory`` the engine keeps its copy of the state.

    Raises:
        ConfigError: the brokers refuse us.
        TemporaryError: the brokers are gone, or gave our work to another worker.
    """
    try:
        worker = Worker(settings, pipelines, stop, directory)
        _connect(worker, settings, pipelines, rekey)
        _log.info("worker of group %s started", settings.group)
        worker.work()
    except KafkaException as error:
        raise failure(error.args[0], settings) from error
    except QuixException as error:
        cause = error.__cause__
        if isinstance(cause, EsaAuthError):
            raise cause from error
        if isinstance(cause, KafkaException):
            raise failure(cause.args[0], settings) from error
        said = ": ".join(str(e) or type(e).__name__ for e in (error, cause) if e)
        raise TemporaryError(f"stream: {said}") from error


def _connect(
    worker: Worker,
    settings: StreamSettings,
    pipelines: KeyedPipelines[Outgoing],
    rekey: Rekey,
) -> None:
    """Lead both inputs through the pipelines to the topics."""
    names = settings.topics
    own = {
        "keyed": _own_topic(worker, settings, names.keyed),
        "events": _own_topic(worker, settings, names.events),
        "dead_letters": _own_topic(worker, settings, names.dead_letters),
    }
    raw = worker.topic(
        names.raw,
        value_deserializer="bytes",
        config=TopicConfig(settings.partitions, settings.replication, dict(_CREATED)),
    )

    def read(
        value: bytes | None,
        key: bytes | None,
        at: int,
        headers: Any,
        state: State[bytes, bytes],
    ) -> list[Outgoing]:
        if not key:
            return rekey(value or b"")
        place = message_context()
        return pipelines.read((place.topic, place.partition, key), value or b"", state)

    sink = _BeforeCommit(pipelines)
    for topic in (raw, own["keyed"]):
        frame = worker.dataframe(topic)
        frame = frame.apply(read, stateful=True, metadata=True, expand=True)
        frame = frame.set_timestamp(lambda *_: int(time.time() * 1000))
        frame = frame.set_headers(lambda *_: [])
        frame = frame.to_topic(lambda out, *_: own[out.topic], key=lambda out: out.key)
        frame.sink(sink)


def _own_topic(worker: Worker, settings: StreamSettings, name: str) -> Topic:
    config = TopicConfig(settings.partitions, settings.replication, dict(_CREATED))
    return worker.topic(
        name, value_deserializer="bytes", value_serializer=_ValueOf(), config=config
    )

"""Settings -> the words of librdkafka, and a first look at the brokers."""

import time
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from esa_auth.errors import ConfigError, EsaAuthError, TemporaryError
from esa_auth.stream.settings import MOST_BYTES, StreamSettings

Words = dict[str, str | int]

_LOOK_SECONDS = 5.0
_WRONG = (
    KafkaError._INVALID_ARG,
    KafkaError._CONFLICT,
    KafkaError._SSL,
    KafkaError._AUTHENTICATION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
)


def connection(settings: StreamSettings) -> Words:
    """Return how to reach the brokers."""
    security = settings.security
    found: dict[str, str | None] = {
        "bootstrap.servers": settings.brokers,
        "security.protocol": security.protocol,
        "ssl.ca.location": _text(security.ca_file),
        "ssl.certificate.location": _text(security.cert_file),
        "ssl.key.location": _text(security.key_file),
        "ssl.key.password": security.key_password,
        "sasl.mechanism": security.sasl_mechanism,
        "sasl.username": security.username,
        "sasl.password": security.password,
    }
    return {key: value for key, value in found.items() if value is not None}


def consumer(settings: StreamSettings) -> Words:
    """Return what the reading side is told beside `connection`."""
    session = int(settings.session_timeout * 1000)
    words: Words = {
        "isolation.level": "read_committed",
        "session.timeout.ms": session,
        "heartbeat.interval.ms": session // 4,
    }
    if settings.instance is not None:
        # A worker that is back within the session timeout gets its partitions back,
        # and nobody else has to stop for it.
        words["group.instance.id"] = settings.instance
    return words


def producer(settings: StreamSettings) -> Words:
    """Return what the writing side is told beside `connection`."""
    words: Words = {
        "transaction.timeout.ms": int(settings.transaction_timeout * 1000),
        "message.max.bytes": MOST_BYTES + 65_536,
        "compression.type": "lz4",
        "linger.ms": 20,
    }
    if settings.instance is not None:
        # Its next start ends the transaction that a crash left open, at once; readers
        # of committed messages would wait for its timeout.
        words["transactional.id"] = f"{settings.group}.{settings.instance}"
    return words


def _text(file: Path | None) -> str | None:
    return None if file is None else str(file)


def look(settings: StreamSettings) -> None:
    """Return when a broker answers.

    Raises:
        ConfigError: what it is told of security is wrong.
        TemporaryError: none answers.
    """
    # librdkafka writes what it thinks of a broker to stderr; it comes to us as well.
    said: list[KafkaError] = []
    words = {**connection(settings), "error_cb": said.append, "log_level": 0}
    until = time.monotonic() + _LOOK_SECONDS
    try:
        admin = AdminClient(words)
        while not _found(admin, said, last=time.monotonic() > until):
            pass
    except KafkaException as error:
        wrong = [one for one in said if one.code() in _WRONG]
        raise failure(wrong[0] if wrong else error.args[0], settings) from error


def _found(admin: Any, said: list[KafkaError], *, last: bool) -> bool:
    """Return whether a broker answers; raise when it is clear that none will."""
    try:
        admin.list_topics(timeout=1.0)
    except KafkaException:
        # Here `said` is filled: librdkafka would try again for ever.
        admin.poll(0)
        if last or any(one.code() in _WRONG for one in said):
            raise
        return False
    return True


def failure(error: KafkaError, settings: StreamSettings) -> EsaAuthError:
    """Return ``error`` as one of ours: ours to mend, or worth another try."""
    text = f"stream: {settings.brokers}: {error.str()}"
    if error.code() in _WRONG:
        return ConfigError(text)
    # librdkafka's own codes are below 0; the others are a broker's.
    if error.code() > 0:
        return TemporaryError(f"{text}: the next start may succeed")
    return TemporaryError(f"{text}: is HOST:PORT right, and reachable from here?")

"""What bytes are given to, and what must hold whatever they are."""

import random
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgpack

from esa_auth import grammar
from esa_auth.config import load
from esa_auth.envelope import Clock, read_prefix
from esa_auth.errors import ConfigError
from esa_auth.outputs.forward.failures import BadReply, DeliveryFailure, Refused
from esa_auth.outputs.forward.replies import (
    Credentials,
    Replies,
    acknowledged,
    check_pong,
    ping,
    read_helo,
)
from esa_auth.state.generation import DamagedError, Generation, decode, header
from tests.fuzz.frames import log_in
from tests.fuzz.lines import judged
from tests.support.harness import SETTINGS, made
from tests.support.harness import decode as decoded

Target = Callable[[bytes], None]

CORPUS = Path(__file__).parent / "corpus"
_CREDENTIALS = Credentials("client", "key", "ann", "word")


def envelope(data: bytes) -> None:
    """A prefix of any bytes: what is read stands in the line."""
    line = data.replace(b"\n", b"")
    prefix = read_prefix(line)
    assert 0 <= prefix.body_at <= len(line)
    for text in (prefix.stamp, prefix.host, prefix.program):
        assert text is None or text in line.decode("utf-8", "replace")
    if prefix.stamp:
        Clock(None, SETTINGS.reference).resolve(prefix.stamp)


def body(data: bytes) -> None:
    """The grammar on any text, the same at every reading."""
    text = data.decode("utf-8", "backslashreplace")
    assert grammar.read(text) == grammar.read(text)


def log(data: bytes) -> None:
    """Lines through the pipeline, held against the oracle."""
    judged(log_in("native", data, random.Random(len(data))))


def records(data: bytes) -> None:
    """Records of every form, held against the oracle."""
    for form in ("json", "msgpack"):
        judged(log_in(form, data, random.Random(len(data))))
    decoded([data]).assert_accounted()


def configuration(data: bytes) -> None:
    """A file is a configuration or refused."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(data)
        file.flush()
        with suppress(ConfigError):
            load(file.name, {}, SETTINGS.reference)


def checkpoint(data: bytes) -> None:
    """A file is a checkpoint or damaged; a payload is a memory or none."""
    with suppress(DamagedError):
        generation = decode(data)
        assert header(generation) + generation.payload == data
    # With a true checksum, as a newer or a broken program would write it.
    payload = decode(header(Generation(1, data)) + data).payload
    try:
        saved = msgpack.unpackb(payload, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException):
        return
    if isinstance(saved, dict):
        with suppress(ValueError, TypeError, LookupError, AttributeError):
            made().restore(saved)


def handshake(data: bytes) -> None:
    """Any bytes of a receiver: a message or a documented failure."""
    replies = Replies()
    with suppress(BadReply, Refused, DeliveryFailure):
        replies.feed(data)
        for message in replies:
            with suppress(BadReply, Refused):
                ping(read_helo(message), _CREDENTIALS, "salt")
            with suppress(BadReply, Refused, DeliveryFailure):
                helo = read_helo(["HELO", {"nonce": b"n"}])
                check_pong(message, helo, _CREDENTIALS, "salt")
            assert isinstance(acknowledged(message), str)


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        envelope,
        body,
        log,
        records,
        configuration,
        checkpoint,
        handshake,
    )
}

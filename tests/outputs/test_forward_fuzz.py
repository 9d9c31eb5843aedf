"""Any bytes from the receiver: an answer or a documented failure, in little memory."""

import hashlib
from contextlib import suppress
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.forward_receiver import Connection, Received, Receiver, events, ids
from tests.support.forward_security import Security
from tests.support.forward_verdicts import refuse_poison

from esa_auth.outputs.forward.failures import BadReply, DeliveryFailure, Refused
from esa_auth.outputs.forward.replies import (
    Credentials,
    Helo,
    Replies,
    acknowledged,
    check_pong,
    ping,
    read_helo,
)

CREDENTIALS = Credentials("client", "key", "ann", "word")
HELO = Helo(b"\xff\x00nonce", b"", keepalive=True)

PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats()
VALUES = st.recursive(
    PLAIN | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(
            st.text(max_size=9) | st.binary(max_size=9), inner, max_size=6
        )
    ),
    max_leaves=12,
)
WORDS = st.sampled_from(["HELO", "PONG", "ack", "nonce", "auth", "keepalive", "client"])
NEAR_MISSES = st.lists(VALUES | WORDS, max_size=6) | st.dictionaries(
    WORDS, VALUES, max_size=4
)
# Bytes that open every kind of msgpack value, with lengths that are far too large.
OPENINGS = st.sampled_from(
    [bytes([kind]) + b"\xff" * 4 for kind in (*range(0xC0, 0xE0), 0x81, 0x91, 0xA1)]
)
STREAMS = st.lists(
    st.binary(max_size=64)
    | OPENINGS
    | (VALUES | NEAR_MISSES).map(lambda value: bytes(msgpack.packb(value))),
    max_size=8,
)


@given(STREAMS)
@example([b"\x91" * 30_000])
@example([b"\xc7\x08\xff" + b"x" * 8])
@example([b"\xd6\xff\x00\x00\x00\x00"])
@settings(max_examples=60)
def test_any_bytes_are_messages_or_a_bad_reply(stream: list[bytes]) -> None:
    replies = Replies()
    with suppress(BadReply, Refused):
        for data in stream:
            replies.feed(data)
            for message in replies:
                assert isinstance(acknowledged(message), str)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_acks_are_read_however_they_are_cut(text: bytes, data: st.DataObject) -> None:
    chunks = [text[:5].hex(), text.hex()]
    stream = b"".join(msgpack.packb({"ack": chunk}) for chunk in chunks)
    replies, got, at = Replies(), [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, len(stream)))
        replies.feed(stream[at : at + step])
        got += [acknowledged(message) for message in replies]
        at += step
    assert got == chunks


@pytest.mark.parametrize("opening", [b"\xdb\xff\xff\xff\xff", b"\xda\x1f\xff", b""])
def test_a_reply_without_end_is_refused_after_little_memory(opening: bytes) -> None:
    replies = Replies()
    with pytest.raises(BadReply):  # noqa: PT012  it may be any of these steps
        replies.feed(opening)
        for _ in range(100):
            replies.feed(b"\xc1" * 4096)
            for message in replies:
                acknowledged(message)


@pytest.mark.parametrize(
    "message",
    [
        {"ack": "x" * 9000},
        {"ack": b"x" * 9000},
        list(range(17)),
        {str(number): number for number in range(17)},
        msgpack.ExtType(1, b"x" * 65),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_reply_larger_than_any_true_one_is_refused(message: Any) -> None:
    replies = Replies()
    replies.feed(msgpack.packb(message))
    with pytest.raises(BadReply, match=r"^reply cannot be read$"):
        list(replies)


@given(VALUES | NEAR_MISSES)
@settings(max_examples=60)
def test_any_helo_is_read_or_a_bad_reply(message: Any) -> None:
    with suppress(BadReply):
        helo = read_helo(message)
        assert isinstance(ping(helo, CREDENTIALS, "salt"), bytes)


@given(st.text() | st.binary(), st.text() | st.binary())
def test_any_nonce_and_salt_make_a_ping(nonce: str | bytes, auth: str | bytes) -> None:
    helo = read_helo(["HELO", {"nonce": nonce, "auth": auth}])
    assert msgpack.unpackb(ping(helo, CREDENTIALS, "salt"))[0] == "PING"


@given(
    VALUES
    | NEAR_MISSES
    | st.tuples(
        st.just("PONG"), st.just(True), st.text(), st.text(), st.text() | st.binary()
    ).map(list)
)
@settings(max_examples=60)
def test_no_pong_is_believed_without_the_key(message: Any) -> None:
    with pytest.raises(DeliveryFailure):
        check_pong(message, HELO, CREDENTIALS, "salt")


@given(st.text().filter(lambda name: name != "client"))
def test_the_right_pong_is_believed(hostname: str) -> None:
    proof = b"salt" + hostname.encode("utf-8", "surrogateescape") + HELO.nonce + b"key"
    digest = hashlib.sha512(proof).hexdigest()
    check_pong(["PONG", True, "", hostname, digest], HELO, CREDENTIALS, "salt")
    with pytest.raises(Refused):
        check_pong(["PONG", True, "", hostname, digest[1:]], HELO, CREDENTIALS, "salt")


@given(STREAMS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_garbage_instead_of_an_ack_loses_nothing(stream: list[bytes]) -> None:
    def babble(connection: Connection, received: Received) -> None:
        for data in stream:
            connection.send(data)
        connection.stay_silent()

    with Receiver(babble) as receiver:
        output = receiver.output(refuse_poison)
        output.send(events(3))
        output.close()
    assert set(receiver.stored) == ids(events(3))


@given(STREAMS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_garbage_instead_of_a_pong_loses_nothing(stream: list[bytes]) -> None:
    pongs = [b"".join(stream)]

    def forge(pong: list[object]) -> bytes:
        return pongs.pop() + b"\xc1" if pongs else bytes(msgpack.packb(pong))

    with Receiver(security=Security("key", forged_pong=forge)) as receiver:
        # What looks like the begin of a long PONG is waited for.
        receiver.clock.step = 1.0
        output = receiver.output(refuse_poison, shared_key="key")
        output.send(events(3))
        output.close()
    assert output.counters.retries >= 1
    assert set(receiver.stored) == ids(events(3))

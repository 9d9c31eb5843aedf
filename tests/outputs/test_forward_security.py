"""Shared key and user: who is let in, who is believed, what is said of it."""

import msgpack
import pytest
from tests.support.forward_receiver import Connection, Received, Receiver, events
from tests.support.forward_security import Security
from tests.support.forward_verdicts import (
    KEY,
    PASSWORD,
    delivers,
    is_refused,
    refuse_poison,
)

from esa_auth.errors import TemporaryError


@pytest.mark.parametrize("bytes_as_text", [False, True])
def test_shared_key(bytes_as_text: bool) -> None:
    security = Security(KEY, bytes_as_text=bytes_as_text)
    output = delivers(Receiver(security=security), shared_key=KEY)
    assert output.counters.connects == 1


@pytest.mark.parametrize("bytes_as_text", [False, True])
def test_user_and_password(bytes_as_text: bool) -> None:
    security = Security(KEY, users={"ann": PASSWORD}, bytes_as_text=bytes_as_text)
    delivers(
        Receiver(security=security),
        shared_key=KEY,
        username="ann",
        password=PASSWORD,
    )


def test_a_receiver_without_keepalive_gets_a_connection_for_each_chunk() -> None:
    security = Security(KEY, keepalive=False)
    output = delivers(Receiver(security=security), shared_key=KEY)
    assert output.counters.connects == 6


def test_a_wrong_key_is_refused_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver(security=Security("other"))
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "receiver refused the shared key or user: 'shared key mismatch" in line


@pytest.mark.parametrize(("user", "word"), [("ann", "wrong"), ("bob", PASSWORD)])
def test_a_wrong_user_or_password_is_refused(
    user: str, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(security=Security(KEY, users={"ann": PASSWORD}))
    is_refused(receiver, caplog, shared_key=KEY, username=user, password=word)


def test_a_user_that_is_asked_for_and_not_set(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver(security=Security(KEY, users={"ann": PASSWORD}))
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "receiver wants a user name, none is set" in line


def test_a_receiver_that_cannot_prove_the_key_gets_no_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def forge(pong: list[object]) -> bytes:
        packed: bytes = msgpack.packb([*pong[:4], "0" * 128])
        return packed

    receiver = Receiver(security=Security(KEY, forged_pong=forge))
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "receiver does not know the shared key" in line


def test_a_receiver_named_like_us_gets_no_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver(security=Security(KEY, hostname="esa-auth"))
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "our own self_hostname" in line


@pytest.mark.parametrize(
    "bad",
    [
        b"\xc1",
        b"\xdb\xff\xff\xff\xff" + b"x" * 100_000,
        msgpack.packb(["PONG", True]),
        msgpack.packb(["PONG", "yes", "", "receiver", "0" * 128]),
        msgpack.packb(["PONG", True, "", "receiver", b"\xff"]),
        msgpack.packb(["PONG", True, "", "receiver", "\u00e9" * 64]),
        msgpack.packb({"ack": "x"}),
    ],
    ids=lambda bad: repr(bad[:24]),
)
def test_a_garbage_pong_is_retried(
    bad: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(security=Security(KEY, forged_pong=lambda _: bad))
    is_refused(receiver, caplog, shared_key=KEY)


def test_a_receiver_without_a_key_is_not_believed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver()
    # Nothing will come from it, so the client's time must run out by itself.
    receiver.clock.step = 2.0
    line = is_refused(receiver, caplog, shared_key=KEY)
    assert "no HELO came: this receiver asks for no shared key" in line
    assert "OpenTelemetry's has none" in line


def test_a_key_that_is_wanted_and_not_set_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def wants_key(connection: Connection, received: Received) -> None:
        connection.send(msgpack.packb(["HELO", {"nonce": b"n"}]))

    with Receiver(usual=wants_key) as receiver:
        output = receiver.output(
            refuse_poison, stop=lambda: output.counters.retries >= 5
        )
        with pytest.raises(TemporaryError):
            output.send(events(1))
        output.close()
    (record,) = caplog.records
    assert "receiver wants a shared key, none is set" in record.getMessage()

"""What goes over the wire to a good receiver, and what is counted."""

import base64
import socket
import struct
from typing import Any

import msgpack
import pytest
from fluent.sender import EventTime  # type: ignore[import-untyped]  # ships no types
from hypothesis import given
from hypothesis import strategies as st
from tests.support.forward_receiver import (
    Connection,
    Hangup,
    Received,
    Receiver,
    ack,
    event,
    events,
    ids,
)
from tests.support.forward_verdicts import refuse_poison

from esa_auth.errors import ConfigError
from esa_auth.outputs import Output
from esa_auth.outputs.forward import Entry, ForwardSettings, pack_entry
from esa_auth.outputs.forward.chunks import chunk_id, cut
from esa_auth.outputs.forward.sender import AckSender
from esa_auth.retry import Backoff, Timing


def test_every_event_arrives_once_and_in_order() -> None:
    sent = events(95)
    with Receiver() as receiver:
        output: Output[Entry] = receiver.output(refuse_poison)
        output.send(sent)
        output.close()
        output.close()
    assert receiver.stored == [event_id for event_id, _ in sent]
    assert receiver.connections == 1


def test_counters_add_up() -> None:
    with Receiver() as receiver:
        output = receiver.output(refuse_poison)
        output.send(events(95))
        output.close()
    counters = output.counters
    assert (counters.sent, counters.acked, counters.acked_chunks) == (95, 95, 10)
    assert (counters.resent, counters.retries, counters.poisoned) == (0, 0, 0)
    assert counters.connects == 1
    assert counters.ack_latency_sum_us >= counters.ack_latency_last_us >= 0


def test_nothing_to_send_connects_to_nobody() -> None:
    with Receiver() as receiver:
        receiver.output(refuse_poison).send([])
    assert receiver.connections == 0


def test_time_and_tag_reach_the_receiver() -> None:
    entry = pack_entry("a", 1_700_000_000, 123_000_000, {"event": {"id": "a"}})
    with Receiver() as receiver:
        output = receiver.output(refuse_poison, tag="esa.x")
        output.send([entry])
        output.close()
    (chunk,) = receiver.chunks
    assert chunk.tag == "esa.x"
    assert chunk.times == [EventTime(1_700_000_000, 123_000_000)]


def test_event_time_has_the_bytes_of_the_specification() -> None:
    _, packed = pack_entry("a", 0x01020304, 5, {})
    stamp = b"\xd7\x00" + struct.pack(">II", 0x01020304, 5)
    assert packed == b"\x92" + stamp + b"\x80"


@pytest.mark.parametrize(
    ("seconds", "nanoseconds", "record"),
    [
        pytest.param(0, 0, {}, id="receivers take second 0 for now"),
        pytest.param(-1, 0, {}, id="before 1970"),
        pytest.param(2**32, 0, {}, id="after 2106"),
        pytest.param(1, 10**9, {}, id="a whole second of nanoseconds"),
        pytest.param(1, 0, {"a": "\ud800"}, id="lone surrogate"),
        pytest.param(1, 0, {"a": 2**64}, id="integer too large"),
        pytest.param(1, 0, {"a": object()}, id="no plain value"),
    ],
)
def test_what_cannot_be_packed_is_a_value_error(
    seconds: int, nanoseconds: int, record: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"^(no EventTime|not within|event a cannot)"):
        pack_entry("a", seconds, nanoseconds, record)


def test_chunk_id_is_128_bits_and_does_not_depend_on_order() -> None:
    one, two = event(1), event(2)
    assert chunk_id([one, two]) == chunk_id([two, one]) != chunk_id([one])
    assert len(base64.b64decode(chunk_id([one, two]), validate=True)) == 16


def test_chunk_id_is_the_same_at_every_run() -> None:
    assert chunk_id([("a", b""), ("b", b"")]) == "WbJxrhu8sdMdQZKYF/Sxbw=="


def test_gzip_is_announced_and_smaller() -> None:
    sent = events(50, padding=500)
    with Receiver() as receiver:
        output = receiver.output(refuse_poison, gzip=True, max_batch_events=50)
        output.send(sent)
        output.close()
    (chunk,) = receiver.chunks
    assert chunk.option["compressed"] == "gzip"
    assert chunk.size < sum(len(packed) for _, packed in sent) / 2
    assert set(receiver.stored) == ids(sent)


@given(
    sizes=st.lists(st.integers(1, 40), max_size=30),
    max_events=st.integers(1, 7),
    max_bytes=st.integers(1, 60),
)
def test_cut_keeps_order_and_limits(
    sizes: list[int], max_events: int, max_bytes: int
) -> None:
    entries = [(str(at), bytes(size)) for at, size in enumerate(sizes)]
    chunks = list(cut(entries, max_events, max_bytes))
    assert [entry for chunk in chunks for entry in chunk.entries] == entries
    for chunk in chunks:
        assert 1 <= len(chunk) <= max_events
        assert chunk.size <= max_bytes or len(chunk) == 1


def test_several_chunks_are_under_way_at_once() -> None:
    held: list[Received] = []

    def hold_four(connection: Connection, received: Received) -> None:
        held.append(received)
        if len(held) == 4:
            for chunk in reversed(held):
                ack(connection, chunk)
            held.clear()

    with Receiver(usual=hold_four) as receiver:
        output = receiver.output(refuse_poison)
        output.send(events(80))
        output.close()
    assert output.counters.retries == 0


def test_equal_batches_are_both_delivered() -> None:
    with Receiver() as receiver:
        output = receiver.output(refuse_poison)
        output.send(events(10) + events(10))
        output.close()
    assert len(receiver.stored) == output.counters.acked == 20


def test_a_connection_closed_between_batches_costs_no_failed_try() -> None:
    def ack_and_leave(connection: Connection, received: Received) -> None:
        ack(connection, received)
        connection.sock.shutdown(socket.SHUT_WR)

    with Receiver(usual=ack_and_leave) as receiver:
        output = receiver.output(refuse_poison)
        for at in range(5):
            output.send(events(10, start=10 * at))
            # The end of the stream must have come before the next batch is sent.
            assert output._sender.socket.recv(1, socket.MSG_PEEK) == b""
        output.close()
    assert receiver.connections == 5
    assert output.counters.retries == 0


def test_ipv6() -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("not run: this machine has no IPv6 loopback")
    with Receiver(host="::1") as receiver:
        output = receiver.output(refuse_poison)
        output.send(events(5))
        output.close()
    assert set(receiver.stored) == ids(events(5))


def test_an_address_is_shown_as_people_write_it() -> None:
    assert ForwardSettings("::1", 24224).address == "[::1]:24224"
    assert ForwardSettings("collector", 24224).address == "collector:24224"


def test_the_parents_lossy_emit_is_not_offered() -> None:
    sender = AckSender(ForwardSettings("127.0.0.1"), Timing(), lambda: None)
    with pytest.raises(NotImplementedError):
        sender.emit("label", {})


def test_delays_double_up_to_the_longest_and_vary() -> None:
    backoff = Backoff(1.0, 60.0, lambda: 0.0)
    assert [backoff.next() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.next() == 1
    assert Backoff(1.0, 60.0, lambda: 0.999).next() == pytest.approx(0.5, abs=0.01)
    endless = Backoff(1.0, 60.0, lambda: 0.0)
    assert [endless.next() for _ in range(5000)][-1] == 60


def test_the_receiver_is_left_alone_between_tries() -> None:
    slept: list[float] = []
    with Receiver() as receiver:
        receiver.stop()

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            if sum(slept) >= 1 + 2 + 4 - 1e-6:
                receiver.start()

        output = receiver.output(
            refuse_poison, sleep=sleep, first_delay=1.0, max_delay=60.0
        )
        output.send(events(5))
        output.close()
    assert output.counters.retries == 3
    assert max(slept) <= receiver.timing().slice


def test_delays_begin_again_after_an_acknowledgement() -> None:
    def hang_up(connection: Connection, received: Received) -> None:
        raise Hangup

    slept: list[float] = []
    with Receiver(hang_up, hang_up, ack, hang_up, ack) as receiver:
        output = receiver.output(
            refuse_poison, sleep=slept.append, first_delay=1.0, max_delay=60.0
        )
        output.send(events(5))
        output.send(events(5, start=5))
        output.close()
    assert sum(slept) == pytest.approx(1 + 2 + 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"port": 0},
        {"port": 65536},
        {"tag": "../etc"},
        {"tag": "a..b"},
        {"ack_timeout": 0},
        {"max_delay": 0.1},
        {"shared_key": ""},
        {"username": "u"},
        {"username": "\udc80", "shared_key": "k"},
        {"password": "p", "shared_key": "k"},
        {"max_batch_events": 0},
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"^{next(iter(wrong))}:"):
        ForwardSettings(**{"host": "localhost", **wrong})


def test_settings_do_not_show_their_secrets() -> None:
    settings = ForwardSettings("h", shared_key="key-1", username="u", password="pw-2")
    assert "key-1" not in repr(settings)
    assert "pw-2" not in repr(settings)


def test_a_packed_chunk_is_one_message() -> None:
    with Receiver() as receiver:
        output = receiver.output(refuse_poison)
        output.send([event(1)])
        output.close()
    assert receiver.chunks[0].option == {"size": 1, "chunk": chunk_id([event(1)])}
    assert msgpack.unpackb(event(1)[1])[1]["event"]["id"] == "id-000001"

"""`--otlp`: an event that the receiver refuses is a dead letter, and it alone."""

from itertools import pairwise

import pytest
from tests.support.mutations import EVENTS
from tests.support.otlp_client import NOW, Client, closing, each_encoding, ids
from tests.support.otlp_receiver import Exchange, Receiver, take

from esa_auth.errors import TemporaryError
from esa_auth.outputs.otlp.records import log_record

_closed = pytest.fixture(autouse=True)(closing)


@each_encoding
def test_rejected_records_become_dead_letters_and_are_not_sent_again(
    encoding: str,
) -> None:
    def reject(exchange: Exchange) -> None:
        exchange.answer_partly(3, "too old\nforged: line")

    with Receiver(take, reject) as receiver:
        client = Client(receiver, encoding=encoding)
        client.send(EVENTS[:25])
    assert len(receiver.requests) == 3
    assert [event_id for event_id, _ in client.poison] == ids(EVENTS[10:20])
    (reason,) = {reason for _, reason in client.poison}
    assert reason == (
        "receiver rejected 3 of a request of 10 events: too old\\nforged: line"
    )
    assert ids(receiver.events) == ids(EVENTS[:10] + EVENTS[20:25])


@each_encoding
def test_a_warning_is_said_and_rejects_nothing(
    encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(lambda e: e.answer_partly(0, "please batch")) as receiver:
        client = Client(receiver, encoding=encoding)
        client.send(EVENTS[:3])
    assert client.poison == []
    assert client.output.counters.acked == 3
    assert caplog.messages == [f"otlp to 127.0.0.1:{receiver.port}: please batch"]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_event_that_is_refused_does_not_hold_up_the_others(status: int) -> None:
    bad = EVENTS[13]["event"]["id"]

    def picky(exchange: Exchange) -> None:
        if bad in ids(exchange.events):
            exchange.answer(status)
        else:
            take(exchange)

    with Receiver(usual=picky) as receiver:
        client = Client(receiver)
        client.send(EVENTS[:25])
    assert [event_id for event_id, _ in client.poison] == [bad]
    assert client.poison[0][1] == f"receiver refused it: HTTP {status}"
    assert ids(receiver.events) == [i for i in ids(EVENTS[:25]) if i != bad]


def test_a_request_that_is_too_large_is_sent_in_parts() -> None:
    def small(exchange: Exchange) -> None:
        if exchange.size > 6000:
            exchange.answer(413)
        else:
            take(exchange)

    with Receiver(usual=small) as receiver:
        client = Client(receiver)
        client.send(EVENTS[:10])
    assert client.poison == []
    assert ids(receiver.events) == ids(EVENTS[:10])


@pytest.mark.parametrize("most", [1, 3000, 6000, 1 << 20])
def test_no_request_is_larger_than_asked_but_for_one_large_event(most: int) -> None:
    events = EVENTS[:30]
    with Receiver() as receiver:
        client = Client(receiver, max_batch_events=30, max_batch_bytes=most)
        client.send(events)
    assert receiver.events == events
    record = client.output.encoding.record
    sizes = [
        [len(record(log_record(event, NOW))) for event in exchange.events]
        for exchange in receiver.requests
    ]
    assert all(sum(each) <= most or len(each) == 1 for each in sizes)
    # And none could have had the first event of the next one.
    assert all(sum(here) + there[0] > most for here, there in pairwise(sizes))


def test_a_receiver_that_refuses_everything_is_at_fault_and_no_event() -> None:
    stopped: list[bool] = []

    def refuse(exchange: Exchange) -> None:
        if len(receiver.requests) > 20:
            stopped.append(True)
        exchange.answer(400)

    with Receiver(usual=refuse) as receiver:
        client = Client(receiver, lambda: bool(stopped))
        with pytest.raises(TemporaryError, match=r"^stopped while 127\.0\.0\.1:"):
            client.send(EVENTS[:4])
    assert client.poison == []
    assert "nothing else is taken either" in client.output.trouble

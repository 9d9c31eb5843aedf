"""A receiver that speaks late, wrongly, twice, in pieces, or not at all.

The oracle everywhere: each id arrives, nothing is poison, and no id arrives more
often than the client says it repeated.
"""

import random
import threading
from collections.abc import Callable

import pytest
from tests.support.forward_behaviours import (
    BEHAVIOURS,
    ack_another_and_close,
    ack_twice,
    close_at_once,
    mute,
    reset_at_once,
)
from tests.support.forward_receiver import (
    Behaviour,
    Connection,
    Hangup,
    Received,
    Receiver,
    ack,
    ack_of,
    events,
    ids,
)
from tests.support.forward_verdicts import refuse_poison

from esa_auth.errors import TemporaryError
from esa_auth.outputs.forward import Entry, ForwardOutput
from esa_auth.retry import Timing


def check(receiver: Receiver, output: ForwardOutput, sent: list[Entry]) -> None:
    assert set(receiver.stored) == ids(sent)
    repeated = len(receiver.stored) - len(set(receiver.stored))
    assert repeated <= output.counters.resent
    assert output.counters.sent == output.counters.acked == len(sent)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda b: b.__name__)
@pytest.mark.parametrize("first", [0, 2], ids=["first chunk", "third chunk"])
def test_nothing_is_lost(behaviour: Behaviour, first: int) -> None:
    sent = events(45)
    with Receiver(*[ack] * first, behaviour) as receiver:
        output = receiver.output(refuse_poison)
        output.send(sent)
        output.close()
    check(receiver, output, sent)


def test_an_ack_of_another_chunk_is_not_taken() -> None:
    sent = events(10)
    with Receiver(ack_another_and_close) as receiver:
        output = receiver.output(refuse_poison)
        output.send(sent)
        output.close()
    assert [len(chunk.ids) for chunk in receiver.chunks] == [10, 10]
    assert output.counters.stray_acks == 1
    check(receiver, output, sent)


def test_a_reset_chunk_is_sent_again() -> None:
    sent = events(10)
    with Receiver(reset_at_once) as receiver:
        output = receiver.output(refuse_poison)
        output.send(sent)
        output.close()
    assert output.counters.retries == 1
    check(receiver, output, sent)


def test_a_doubled_ack_does_not_count_for_the_next_chunk() -> None:
    with Receiver(ack_twice, close_at_once) as receiver:
        output = receiver.output(refuse_poison, max_in_flight=1)
        output.send(events(20))
        output.close()
    assert output.counters.stray_acks == 1
    check(receiver, output, events(20))


def test_two_acks_in_one_packet_count_for_two() -> None:
    held: list[Received] = []

    def hold(connection: Connection, received: Received) -> None:
        connection.receiver.store(received)
        held.append(received)

    def release(connection: Connection, received: Received) -> None:
        hold(connection, received)
        connection.send(b"".join(ack_of(chunk.chunk) for chunk in held))

    with Receiver(hold, release) as receiver:
        output = receiver.output(refuse_poison)
        output.send(events(20))
        output.close()
    assert output.counters.retries == 0
    check(receiver, output, events(20))


def test_an_ack_before_the_bad_bytes_still_counts() -> None:
    def ack_and_garbage(connection: Connection, received: Received) -> None:
        connection.receiver.store(received)
        connection.send(ack_of(received.chunk) + b"\xc1")

    with Receiver(ack_and_garbage) as receiver:
        output = receiver.output(refuse_poison, max_in_flight=1)
        output.send(events(20))
        output.close()
    assert receiver.stored.count("id-000000") == 1
    check(receiver, output, events(20))


def test_a_receiver_that_does_not_read_is_given_up_at_the_deadline() -> None:
    freed = threading.Event()

    def stop_reading(connection: Connection, received: Received) -> None:
        connection.stay_silent()
        freed.wait(10)
        raise Hangup

    sent = events(40, padding=1_000_000)
    with Receiver(stop_reading) as receiver:
        output = receiver.output(
            refuse_poison,
            max_batch_bytes=20_000_000,
            max_batch_events=20,
            sleep=lambda _: freed.set(),
        )
        output.send(sent)
        output.close()
    check(receiver, output, sent)


def test_a_receiver_that_comes_later_gets_everything() -> None:
    tries: list[float] = []
    with Receiver() as receiver:
        receiver.stop()

        def sleep(seconds: float) -> None:
            tries.append(seconds)
            if len(tries) == 20:
                receiver.start()

        output = receiver.output(refuse_poison, sleep=sleep)
        output.send(events(30))
        output.close()
    check(receiver, output, events(30))


def chaos(chance: random.Random) -> Behaviour:
    def behaviour(connection: Connection, received: Received) -> None:
        number = chance.random()
        if number < 0.05:
            chance.choice(BEHAVIOURS[2:])(connection, received)
        elif number < 0.10:
            if number < 0.07:
                connection.receiver.store(received)
            connection.receiver.stop()
            connection.receiver.start()
        else:
            ack(connection, received)

    return behaviour


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_while_the_receiver_restarts_at_random(seed: int) -> None:
    sent = events(3000)
    with Receiver(usual=chaos(random.Random(seed))) as receiver:
        output = receiver.output(
            refuse_poison,
        )
        for at in range(0, len(sent), 100):
            output.send(sent[at : at + 100])
        output.close()
    assert receiver.connections > 5
    check(receiver, output, sent)


class StopAfter:
    """Says stop from the n-th time it is asked."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("times", [0, 1, 3])
@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(lambda receiver: None, id="silent receiver"),
        pytest.param(lambda receiver: receiver.stop(), id="no receiver"),
    ],
)
def test_stop_ends_any_wait(prepare: Callable[[Receiver], None], times: int) -> None:
    with Receiver(usual=mute) as receiver:
        output = receiver.output(
            refuse_poison, stop=StopAfter(times), first_delay=60, max_delay=60
        )
        prepare(receiver)
        with pytest.raises(TemporaryError, match=r"^stopped while 127\.0\.0\.1:"):
            output.send(events(5))
        output.close()
    assert output.counters.acked == 0


def test_stop_does_not_keep_events_from_a_good_receiver() -> None:
    with Receiver() as receiver:
        output = ForwardOutput(
            receiver.settings(),
            refuse_poison,
            stop=lambda: True,
            timing=Timing(slice=60.0),
        )
        output.send(events(50))
        output.close()
    check(receiver, output, events(50))


def test_after_a_stop_the_same_events_can_be_sent_again() -> None:
    stopping = True
    with Receiver(mute) as receiver:
        output = receiver.output(refuse_poison, stop=lambda: stopping)
        with pytest.raises(TemporaryError):
            output.send(events(5))
        stopping = False
        output.send(events(5))
        output.close()
    assert set(receiver.stored) == ids(events(5))


def test_a_chunk_that_a_stop_cut_short_does_not_spoil_the_next() -> None:
    freed = threading.Event()
    stopping = True

    def stop_reading(connection: Connection, received: Received) -> None:
        freed.wait(10)
        ack(connection, received)

    sent = events(2, padding=20_000_000)
    with Receiver(stop_reading) as receiver:
        output = receiver.output(
            refuse_poison, stop=lambda: stopping, max_batch_bytes=1
        )
        with pytest.raises(TemporaryError):
            output.send(sent)
        stopping = False
        freed.set()
        output.send(sent)
        output.close()
    assert output.counters.retries == 0
    assert set(receiver.stored) == ids(sent)


def test_trouble_is_logged_once_and_so_is_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Receiver(*[close_at_once] * 6) as receiver:
        output = receiver.output(refuse_poison)
        output.send(events(5))
        output.close()
    assert output.counters.retries == 6
    assert [record.getMessage().split(": ", 1)[1] for record in caplog.records] == [
        "receiver closed the connection; retrying",
        "acknowledges again",
    ]

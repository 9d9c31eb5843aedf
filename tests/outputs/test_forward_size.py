"""Chunks that are too large for the receiver, as with ``chunk_size_limit``."""

from tests.support.forward_poison import Poison, by_reset, chokes_on
from tests.support.forward_receiver import (
    Connection,
    Received,
    Receiver,
    ack,
    events,
    ids,
)


def test_chunks_stay_below_the_size_that_passes() -> None:
    limit = 150_000
    sent = events(1000, padding=300)

    def size_limit(connection: Connection, received: Received) -> None:
        if received.size > limit:
            connection.stay_silent()
        else:
            ack(connection, received)

    with Receiver(usual=size_limit) as receiver:
        output = receiver.output(
            Poison(),
            max_batch_events=1000,
        )
        output.send(events(1))
        output.send(sent)
        failed = output.counters.retries
        output.send(events(1000, start=1000, padding=300))
        output.close()
    assert failed > 0
    assert output.counters.retries == failed
    assert output.counters.poisoned == 0
    assert set(receiver.stored) == ids(events(2000))


def test_a_poison_event_does_not_make_later_chunks_small() -> None:
    with Receiver(usual=chokes_on({"id-000007"}, by_reset)) as receiver:
        output = receiver.output(Poison(), max_batch_events=1000)
        output.send(events(500, padding=1000))
        output.send(events(500, start=500, padding=1000))
        output.close()
    assert len(receiver.chunks[-1].ids) == 500

"""What outputs count of deliveries."""

from esa_auth.outputs.counters import DeliveryCounters


def test_chunks_that_are_acknowledged_are_counted_with_their_time() -> None:
    counters = DeliveryCounters(sent=10)
    counters.acknowledged(3, 0.25)
    counters.acknowledged(4, 1.5)
    assert (counters.acked, counters.acked_chunks) == (7, 2)
    assert counters.ack_latency_last_us == 1_500_000
    assert counters.ack_latency_sum_us == 1_750_000


def test_what_is_under_way_is_never_less_than_nothing() -> None:
    counters = DeliveryCounters(sent=10, acked=7, poisoned=2)
    assert counters.unacked == 1
    # Two numbers are not read at one moment.
    counters.acked = 9
    assert counters.unacked == 0

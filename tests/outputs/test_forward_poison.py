"""When an event is given up, and above all when it is not."""

import random
import threading
from collections.abc import Callable

import msgpack
import pytest
from tests.support.forward_poison import Poison, by_reset, by_silence, chokes_on
from tests.support.forward_receiver import (
    Connection,
    Received,
    Receiver,
    ack,
    events,
    ids,
)

from esa_auth.errors import TemporaryError
from esa_auth.outputs.forward import Entry

HOW = pytest.mark.parametrize("how", [by_silence, by_reset])


@HOW
@pytest.mark.parametrize(
    "bad",
    [{3}, {0}, {39}, {0, 13, 14, 27}, set(range(8))],
    ids=str,
)
@pytest.mark.parametrize("warm", [False, True], ids=["at the start", "later"])
def test_only_the_bad_events_are_given_up(
    how: Callable[[Connection], None], bad: set[int], warm: bool
) -> None:
    sent = events(40)
    bad_ids = {sent[number][0] for number in bad}
    poison = Poison()
    with Receiver(usual=chokes_on(bad_ids, how)) as receiver:
        output = receiver.output(poison)
        if warm:
            output.send(events(10, start=100))
        output.send(sent)
        output.close()
    assert sorted(poison.ids) == sorted(bad_ids)
    assert set(receiver.stored) >= ids(sent) - bad_ids
    counters = output.counters
    assert counters.poisoned == len(bad)
    assert counters.sent == counters.acked + counters.poisoned


@HOW
def test_a_single_event_is_given_up_after_three_tries(
    how: Callable[[Connection], None],
) -> None:
    poison = Poison()
    with Receiver(usual=chokes_on({"id-000001"}, how)) as receiver:
        output = receiver.output(poison)
        output.send(events(1, start=0))
        output.send(events(1, start=1))
        output.send(events(1, start=2))
        output.close()
    assert poison.ids == ["id-000001"]
    assert poison.reasons[0].startswith("not acknowledged while other events are: ")
    tries = [chunk.ids for chunk in receiver.chunks].count(["id-000001"])
    assert tries == 3


def test_a_chunk_is_split_after_three_tries_and_its_parts_after_one() -> None:
    poison = Poison()
    with Receiver(usual=chokes_on({"id-000000"}, by_reset)) as receiver:
        output = receiver.output(poison)
        output.send(events(1, start=50))
        output.send(events(8))
        output.close()
    tries = [len(got.ids) for got in receiver.chunks if "id-000000" in got.ids]
    assert tries == [8, 8, 8, 4, 2, 1, 1, 1]
    assert poison.ids == ["id-000000"]


def test_no_chunk_is_accused_when_several_were_under_way() -> None:
    with Receiver(ack, usual=ack) as receiver:
        output = receiver.output(Poison())
        output.send(events(1, start=50))
        receiver.script.append(lambda connection, received: connection.reset())
        output.send(events(40))
        output.close()
    assert output.counters.retries == 1
    assert receiver.stored.count("id-000050") == 1


def test_a_chunk_is_not_split_because_a_key_is_missing() -> None:
    def wants_key(connection: Connection, received: Received) -> None:
        connection.send(msgpack.packb(["HELO", {"nonce": b"n"}]))

    with Receiver(*[wants_key] * 6) as receiver:
        output = receiver.output(Poison())
        output.send(events(10))
        output.close()
    assert [len(got.ids) for got in receiver.chunks] == [10] * 7


def test_a_witness_is_counted_as_resent() -> None:
    poison = Poison()
    with Receiver(usual=chokes_on({"id-000001"}, by_reset)) as receiver:
        output = receiver.output(poison)
        for number in range(3):
            output.send(events(1, start=number))
        output.close()
    repeated = len(receiver.stored) - len(set(receiver.stored))
    assert repeated == 3
    # Three witnesses, and two more tries of the poison.
    assert output.counters.resent == 5
    assert output.counters.acked == 2


@HOW
@pytest.mark.parametrize("taken_before", [0, 2])
@pytest.mark.parametrize("count", [1, 2, 25])
def test_a_receiver_that_takes_nothing_makes_no_poison(
    how: Callable[[Connection], None], taken_before: int, count: int
) -> None:
    poison = Poison()
    stopping = True

    def takes_nothing(connection: Connection, received: Received) -> None:
        how(connection)

    with Receiver(*[ack] * taken_before, usual=takes_nothing) as receiver:
        output = receiver.output(
            poison,
            stop=lambda: stopping and output.counters.retries >= 25,
        )
        for number in range(taken_before):
            output.send(events(1, start=100 + number))
        with pytest.raises(TemporaryError):
            output.send(events(count))
        receiver.usual = ack
        stopping = False
        output.send(events(count))
        output.close()
    assert poison.ids == []
    assert set(receiver.stored) >= ids(events(count))


def test_a_full_receiver_makes_no_poison() -> None:
    # Fluentd with a full buffer resets every chunk that holds events and
    # acknowledges an empty one: an empty chunk is no witness.
    room = 10

    def while_there_is_room(connection: Connection, received: Received) -> None:
        if received.ids and len(connection.receiver.stored) >= room:
            connection.reset()
        ack(connection, received)

    poison = Poison()

    def sleep(seconds: float) -> None:
        nonlocal room
        if output.counters.retries > 30:
            room = 1000

    with Receiver(usual=while_there_is_room) as receiver:
        output = receiver.output(poison, sleep=sleep)
        output.send(events(60))
        output.close()
    assert poison.ids == []
    assert set(receiver.stored) == ids(events(60))


def test_an_event_that_kills_the_receiver_is_given_up() -> None:
    poison = Poison()
    sleeps = 0

    def dies(connection: Connection) -> None:
        connection.receiver.stop()
        connection.reset()

    def sleep(seconds: float) -> None:
        nonlocal sleeps
        sleeps += 1
        # Whoever watches over it takes a while to start it again.
        if sleeps % 4 == 0:
            receiver.stop()
            receiver.start()

    with Receiver(usual=chokes_on({"id-000007"}, dies)) as receiver:
        output = receiver.output(poison, sleep=sleep)
        output.send(events(1, start=50))
        output.send(events(10))
        output.close()
    assert poison.ids == ["id-000007"]
    assert set(receiver.stored) >= ids(events(10)) - {"id-000007"}


def test_a_witness_that_fails_clears_the_strikes() -> None:
    # Two strikes, then the receiver is ill, then two strikes more: no third in a row.
    answers = [ack]  # makes the witness

    def bad(connection: Connection, received: Received) -> None:
        connection.reset()

    answers += [bad, ack, bad, ack, bad, bad]  # chunk, witness, ... witness fails
    answers += [bad, ack, bad, ack]
    poison = Poison()
    with Receiver(*answers) as receiver:
        output = receiver.output(poison)
        output.send(events(1, start=1))
        output.send(events(1, start=2))
        output.close()
    assert poison.ids == []
    assert set(receiver.stored) == ids(events(2, start=1))
    assert not receiver.script


@pytest.mark.parametrize("seed", range(3))
def test_every_event_is_stored_or_given_up_on_a_line_that_fails_at_random(
    seed: int,
) -> None:
    chance = random.Random(seed)
    lock = threading.Lock()

    def flaky(connection: Connection, received: Received) -> None:
        with lock:
            bad = chance.random() < 0.3
        if bad:
            connection.reset()
        ack(connection, received)

    poison = Poison()
    with Receiver(usual=flaky) as receiver:
        output = receiver.output(poison)
        for at in range(0, 2000, 50):
            output.send(events(50, start=at))
        output.close()
    assert poison.ids == []
    assert set(receiver.stored) == ids(events(2000))


def test_an_error_of_the_poison_keeper_comes_through() -> None:
    def disk_full(entry: Entry, reason: str) -> None:
        raise OSError(28, "No space left on device")

    with Receiver(usual=chokes_on({"id-000001"}, by_reset)) as receiver:
        output = receiver.output(disk_full)
        output.send(events(1))
        with pytest.raises(OSError, match="No space"):
            output.send(events(1, start=1))
        assert output.counters.poisoned == 0
        output.send(events(1, start=2))
        output.close()
    assert {"id-000000", "id-000002"} <= set(receiver.stored)

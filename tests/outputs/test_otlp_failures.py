"""`--otlp`: what fails is tried again, until a stop, and nothing is lost by it."""

import pytest
from tests.support import otlp_receiver as receivers
from tests.support.mutations import EVENTS
from tests.support.otlp_client import Client, closing, each_encoding, ids
from tests.support.otlp_receiver import Behaviour, Receiver

from esa_auth.errors import TemporaryError

_closed = pytest.fixture(autouse=True)(closing)

FAILURES: dict[str, Behaviour] = {
    "503": receivers.busy(503),
    "429": receivers.busy(429),
    "502": receivers.busy(502),
    "404": receivers.busy(404),
    "401": receivers.busy(401),
    "redirect": receivers.busy(301, Location="http://192.0.2.1/"),
    "reset": receivers.reset,
    "stored": receivers.store_and_reset,
    "torn": receivers.store_and_tear,
    "portal": lambda e: e.answer(200, b"<html>sign in</html>", "text/html"),
    "other kind": lambda e: e.answer(200, b"{}", "text/plain"),
    "not json": lambda e: e.answer(200, b"\xff{", e.kind),
    "long": lambda e: e.answer(200, b" " * 100_000, e.kind),
}


@each_encoding
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_tried_again_and_nothing_is_lost(
    encoding: str, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(*[FAILURES[failure]] * 3) as receiver:
        client = Client(receiver, encoding=encoding)
        client.send(EVENTS[:25])
        client.output.close()
    assert set(ids(receiver.events)) == set(ids(EVENTS[:25]))
    assert client.poison == []
    assert client.output.counters.retries == 3
    assert client.output.trouble == ""
    assert caplog.messages[0].endswith("; retrying")
    assert caplog.messages[-1].endswith("acknowledges again")


@pytest.mark.parametrize(
    ("behave", "least"),
    [
        (receivers.busy(429, Retry_After="7"), 6.9),
        (receivers.busy(503, Retry_After="30"), 29.9),
        (receivers.busy_until(100), 90),
    ],
)
def test_it_waits_as_long_as_the_receiver_says(behave: Behaviour, least: float) -> None:
    with Receiver(behave) as receiver:
        client = Client(receiver)
        client.send(EVENTS[:1])
    assert sum(client.slept) >= least
    assert max(client.slept) <= 0.02


@pytest.mark.parametrize("text", ["-1", "soon", "9" * 400, ""])
def test_what_is_no_time_to_wait_is_passed_over(text: str) -> None:
    with Receiver(receivers.busy(503, Retry_After=text)) as receiver:
        client = Client(receiver)
        client.send(EVENTS[:1])
    assert sum(client.slept) <= 601


def test_a_receiver_that_is_silent_is_given_up_at_its_deadline() -> None:
    with Receiver(receivers.silent) as receiver:
        client = Client(receiver, timeout=0.05)
        client.send(EVENTS[:3])
        assert ids(receiver.events) == ids(EVENTS[:3]) * 2
        assert client.output.counters.retries >= 1


def test_an_answer_that_only_drips_ends_at_the_deadline_too() -> None:
    with Receiver(receivers.drip) as receiver:
        client = Client(receiver, timeout=0.2)
        client.send(EVENTS[:3])
        assert client.output.counters.retries == 1
        assert ids(receiver.events) == ids(EVENTS[:3]) * 2


@pytest.mark.parametrize("behave", [receivers.silent, receivers.drip])
def test_a_stop_ends_the_wait_for_an_answer(behave: Behaviour) -> None:
    with Receiver(usual=behave) as receiver:
        client = Client(receiver, lambda: bool(receiver.requests))
        with pytest.raises(TemporaryError, match=r"^stopped while"):
            client.send(EVENTS[:3])
        client.output.close()


def test_a_receiver_that_goes_and_comes_back_gets_everything() -> None:
    with Receiver() as receiver:
        client = Client(receiver, asleep=lambda: start_again())
        client.send(EVENTS[:5])
        receiver.stop()

        def start_again() -> None:
            if len(client.slept) == 3:
                receiver.start()

        client.send(EVENTS[5:10])
    assert set(ids(receiver.events)) == set(ids(EVENTS[:10]))


def test_a_connection_is_used_again() -> None:
    with Receiver() as receiver:
        client = Client(receiver)
        for _ in range(3):
            client.send(EVENTS[:25])
        assert client.output.counters.connects == 1
        client.output.close()
        client.output.close()  # twice


def test_a_connection_that_was_ended_meanwhile_costs_no_try() -> None:
    with Receiver(usual=receivers.take_and_leave) as receiver:
        client = Client(receiver)
        for number in range(5):
            client.send(EVENTS[number : number + 1])
            assert receiver.left.acquire(timeout=60)
    assert client.output.counters.retries == 0
    assert client.output.counters.connects == 5
    assert ids(receiver.events) == ids(EVENTS[:5])

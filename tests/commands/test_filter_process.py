"""`filter` as a process: its pipes, its signals, its exit codes, its account."""

import os
import signal
import threading
from random import Random

import pytest

from tests.commands.attempts import QUICK_START, attempts, stream_of, users_of
from tests.support.process import Running, esa_auth

ACTIONS = ["smtp-auth", "smtp-session-end", "smtp-auth-client", "smtp-session-end"]


def test_quick_start() -> None:
    ended = esa_auth("filter", "--appliance", "esa01", stdin=stream_of(QUICK_START))
    account = ended.assert_complete()

    assert [e["event"]["action"] for e in ended.events] == ACTIONS
    assert {e["observer"]["name"] for e in ended.events} == {"esa01"}
    assert ended.events[0]["source"]["ip"] == "172.16.155.102"
    assert (account.lines, account.results, account.ignored) == (8, 2, 1)


def test_nothing_in_nothing_out() -> None:
    ended = esa_auth("filter")
    assert ended.assert_complete().lines == 0
    assert ended.stdout == b""


def test_an_event_leaves_while_stdin_stays_open() -> None:
    with Running("filter") as running:
        for number in range(3):
            running.feed(attempts(1, number))
            event = running.next_event()
            assert event["user"]["name"] == f"user{number}"
        running.close_stdin()
        assert running.finish().assert_complete().results == 3


def test_half_a_line_waits_for_its_end() -> None:
    line = attempts(1)[0]
    with Running("filter") as running:
        os.write(running.stdin, line[:100])
        os.write(running.stdin, line[100:] + b"\n" + attempts(1, 1)[0] + b"\n")
        assert running.next_event()["user"]["name"] == "user0"
        assert running.next_event()["user"]["name"] == "user1"
        running.close_stdin()
        assert running.finish().assert_complete().lines == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_with_data_in_stdin_loses_nothing(number: int) -> None:
    """As much as a pipe holds, not one byte of it read when the signal comes."""
    with Running("filter") as running:
        running.feed(attempts(1))
        running.next_event()
        running.signal(signal.SIGSTOP)
        running.feed(attempts(300, 1))
        running.signal(number)
        running.signal(signal.SIGCONT)
        running.close_stdin()
        ended = running.finish()
    ended.assert_complete()
    assert users_of(ended) == [f"user{n}" for n in range(301)]


def test_lines_behind_a_stop_signal_are_read() -> None:
    with Running("filter") as running:
        running.feed(attempts(1))
        running.next_event()
        running.signal(signal.SIGTERM)
        for number in range(1, 20):
            running.feed(attempts(1, number))
            assert running.next_event()["user"]["name"] == f"user{number}"
        running.close_stdin()
        assert running.finish().assert_complete().results == 20


def test_a_stop_signal_ends_it_though_stdin_stays_open() -> None:
    with Running("filter") as running:
        running.feed(attempts(5))
        running.next_event()
        running.signal(signal.SIGTERM)
        assert running.finish().assert_complete().results == 5


def test_a_second_stop_signal_ends_it_at_once() -> None:
    with Running("filter") as running:
        running.feed(attempts(5))
        for _ in range(5):
            running.next_event()
        running.signal(signal.SIGTERM)
        running.signal(signal.SIGINT)
        assert running.finish().assert_complete().results == 5


@pytest.mark.parametrize("seed", range(6))
def test_a_stop_signal_at_any_moment_loses_nothing(seed: int) -> None:
    lines, random = attempts(3000), Random(seed)
    with Running("filter") as running:
        running.feed(lines[:1])
        running.next_event()
        at = random.randrange(1, len(lines))

        def feed() -> None:
            running.feed(lines[1:at])
            running.signal(signal.SIGTERM)
            running.feed(lines[at:])
            running.close_stdin()

        feeder = threading.Thread(target=feed)
        feeder.start()
        ended = running.finish()
        feeder.join()
    ended.assert_complete()
    assert users_of(ended) == [f"user{n}" for n in range(3000)]


def test_the_reader_of_stdout_goes() -> None:
    with Running("filter") as running:
        running.feed(attempts(1))
        running.next_event()
        running.close_stdout()
        running.feed(attempts(1, 1))
        ended = running.finish()
    assert ended.code == 74
    assert "Traceback" not in ended.stderr
    assert ended.account.results == 2
    assert ended.stderr.splitlines()[-1] == (
        "esa-auth: the reader of our output is gone"
    )


def test_the_reader_of_stdout_goes_before_the_first_line() -> None:
    with Running("filter") as running:
        running.close_stdout()
        running.feed(attempts(1))
        running.close_stdin()
        ended = running.finish()
    assert ended.code == 74
    assert "Traceback" not in ended.stderr
    assert ended.account.results == 1


def test_the_reader_of_stdout_pauses() -> None:
    """Both pipes are full, nobody goes on; then all of it comes."""
    lines = attempts(4000)
    with Running("filter") as running:
        fed = threading.Event()

        def feed() -> None:
            running.feed(lines)
            fed.set()
            running.close_stdin()

        feeder = threading.Thread(target=feed)
        feeder.start()
        # It takes part of what is fed and no more, however long nobody reads.
        assert not fed.wait(1.5)
        ended = running.finish()
        feeder.join()
    ended.assert_complete()
    assert users_of(ended) == [f"user{n}" for n in range(4000)]


def test_a_stdout_that_does_not_block() -> None:
    """A parent may share such a pipe with us."""

    def feed() -> None:
        running.feed(attempts(2000))
        running.close_stdin()

    with Running("filter", blocking=False) as running:
        feeder = threading.Thread(target=feed)
        feeder.start()
        ended = running.finish()
        feeder.join()
    ended.assert_complete()
    assert len(users_of(ended)) == 2000

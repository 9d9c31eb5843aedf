"""The half line that an input breaks off in is kept as a dead letter, never read."""

import signal
from pathlib import Path

import msgpack
import pytest

from esa_auth.inputs.decode import Decoder
from esa_auth.inputs.framings import among
from esa_auth.inputs.records import Terms
from tests.support.harness import Run, ended, inbound, made, native
from tests.support.process import Running, esa_auth

WHOLE = native(inbound(user="ann"))
LINE = native(inbound(user="ben", profile="IncomingAuthentication"))
HALVES = [LINE[: len(LINE) - cut] for cut in (1, 9, 40)]


def json_of(line: bytes) -> bytes:
    return b'{"message":"%b"}' % line


FORMS = {
    "native": (WHOLE + b"\n", HALVES),
    "json": (json_of(WHOLE) + b"\n", [json_of(LINE)[:-1], json_of(LINE)[:-9]]),
    "msgpack": (
        msgpack.packb({"message": WHOLE.decode()}),
        [msgpack.packb({"message": LINE.decode()})[:-9]],
    ),
}
CASES = [
    pytest.param(form, whole, half, id=f"{form}-{len(half)}")
    for form, (whole, halves) in FORMS.items()
    for half in halves
]


@pytest.mark.parametrize(("form", "whole", "half"), CASES)
def test_a_host_that_stops_us_and_closes_the_pipe(
    form: str, whole: bytes, half: bytes
) -> None:
    with Running("filter", "--input", form) as running:
        running.write(whole + half)
        running.next_event()
        running.signal(signal.SIGTERM)
        running.close_stdin()
        done = running.finish()
    account = done.assert_complete()
    assert (account.lines, account.results, account.rejected) == (2, 1, 1)
    (letter,) = done.letters
    assert letter["error"]["type"] == "cut"
    assert done.events[0]["user"]["name"] == "ann"


@pytest.mark.parametrize(("form", "whole", "half"), CASES)
def test_at_a_stop_that_does_not_wait(form: str, whole: bytes, half: bytes) -> None:
    with Running("filter", "--input", form) as running:
        running.write(whole + half)
        running.next_event()
        # The first lets it drain what is to come; the second ends it.
        running.signal(signal.SIGTERM)
        running.signal(signal.SIGINT)
        done = running.finish()
    account = done.assert_complete()
    assert (account.lines, account.results, account.rejected) == (2, 1, 1)
    (letter,) = done.letters
    assert letter["error"]["type"] == "cut"


def test_a_file_may_end_without_a_newline(tmp_path: Path) -> None:
    log = tmp_path / "mail_logs"
    log.write_bytes(WHOLE + b"\n" + LINE)
    with log.open("rb") as file, Running("filter", stdin=file) as running:
        done = running.finish()
    assert done.assert_complete().results == 2


def test_a_pipe_may_end_without_a_newline() -> None:
    done = esa_auth("filter", stdin=WHOLE + b"\n" + LINE)
    assert done.assert_complete().results == 2


def test_a_json_document_tells_its_own_end() -> None:
    done = esa_auth("filter", stdin=json_of(WHOLE) + b"\n" + json_of(LINE))
    assert done.assert_complete().results == 2


def broken_off(data: bytes) -> Run:
    pipeline = made()
    decoder = Decoder(
        pipeline,
        among("native"),
        Terms(),
        begins_record=lambda x: x[:4] == b"Wed ",
    )
    decoder.feed(data)
    decoder.reject_rest()
    pipeline.drain()
    return ended(pipeline)


def test_a_record_that_goes_on_in_the_half_line_is_cut_too() -> None:
    first, _, second = LINE.partition(b" with ")
    run = broken_off(WHOLE + b"\n" + first + b"\nwith " + second[:9])
    run.assert_accounted()
    assert [event["user"]["name"] for event in run.results] == ["ann"]
    (letter,) = run.dead
    assert letter["error"]["type"] == "cut"
    assert letter["event"]["original"].startswith(first.decode())


def test_a_record_before_the_half_line_is_whole() -> None:
    run = broken_off(WHOLE + b"\n" + LINE[:60])
    run.assert_accounted()
    assert [event["user"]["name"] for event in run.results] == ["ann"]
    assert [letter["error"]["type"] for letter in run.dead] == ["cut"]

"""Blocks, lines and records: nothing is lost between them, and nothing ends us."""

import os
import signal
from collections.abc import Iterator

import msgpack
import orjson
import pytest

from esa_auth.inputs.decode import LineSplitter
from esa_auth.inputs.stream import Stream
from esa_auth.inputs.wrapped import Joiner
from tests.support.harness import SETTINGS, decode, inbound, native

LINE = native(inbound())


def packed(**fields: object) -> bytes:
    return bytes(msgpack.packb({"message": LINE.decode(), **fields}))


def test_a_long_line_is_cut_alike_however_it_comes() -> None:
    long = b"x" * 1500 + b"\n"
    for cut in range(1, len(long)):
        splitter = LineSplitter(1024)
        got = splitter.feed(long[:cut]) + splitter.feed(long[cut:])
        assert got == [b"x" * 1025]
        assert splitter.finish() == []


@pytest.mark.parametrize("record", [b"\x81\x91\x01\x01", b"\x81\x80\x01", b"\xc1"])
def test_msgpack_that_python_cannot_hold_is_a_dead_letter(record: bytes) -> None:
    """A list or a map as a key, a byte that msgpack never uses."""
    found = decode([packed() + record + packed()], "msgpack")

    assert len(found.results) == 1
    (letter,) = found.dead
    assert letter["error"]["type"] == "broken_record"
    assert letter["error"]["message"].startswith("not msgpack: ")
    assert letter["error"]["message"] != "not msgpack: "
    found.assert_accounted()


@pytest.mark.parametrize("depth", [500, 990, 1000, 100_000])
def test_msgpack_of_any_depth(depth: int) -> None:
    found = decode([packed() + b"\x91" * depth + b"\x01"], "msgpack")
    assert len(found.results) == 1
    assert len(found.dead) == 1


@pytest.mark.parametrize("cut", range(1, len(packed())))
def test_a_record_that_the_end_cuts_is_a_dead_letter(cut: int) -> None:
    found = decode([packed(), packed()[:cut]], "msgpack")
    assert len(found.results) == 1
    assert found.counters.lines == 2
    (letter,) = found.dead
    assert letter["error"]["message"] == "not msgpack: cut in the middle"


def test_text_where_msgpack_is_due_gives_one_answer() -> None:
    """And not one dead letter for each character."""
    found = decode([LINE + b"\n", LINE + b"\n"], "msgpack")
    (letter,) = found.dead
    assert letter["error"]["message"].startswith("not msgpack: ")


def test_a_host_that_is_not_utf8_is_still_a_host() -> None:
    """Fluentd packs any bytes as a str."""
    text = b"\xa4host\xa1\xff" + b"\xa7message" + msgpack.packb(LINE.decode())
    found = decode([b"\x82" + text], "msgpack")
    (result,) = found.results
    assert result["observer"]["name"] == "\ufffd"
    orjson.dumps(result)


@pytest.mark.parametrize("value", [LINE, LINE.decode()])
def test_both_kinds_of_msgpack_string(value: object) -> None:
    found = decode([msgpack.packb({"message": value})], "msgpack")
    assert found.results[0]["event"]["original"] == LINE.decode()


def test_a_record_that_is_no_use_keeps_its_exact_bytes() -> None:
    record = msgpack.packb({"log": "x"})
    found = decode([packed() + record + packed()], "msgpack")
    assert len(found.results) == 2
    assert found.dead[0]["event"]["original"].encode() != b""
    assert found.dead[0]["error"]["message"] == "no text under the key 'message'"


def test_a_line_per_line_feed_inside_a_record() -> None:
    text = b"\n".join([LINE, LINE, b"", b"tail"])
    found = decode([orjson.dumps({"message": text.decode(), "time": 0})])
    assert len(found.results) == 2
    assert found.counters.lines == 3
    found.assert_accounted()


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"\n\n\r\n"])
@pytest.mark.parametrize(
    "stream", [LINE + b"\n", packed(), orjson.dumps({"message": LINE.decode()}) + b"\n"]
)
def test_empty_lines_first_hide_no_form(blank: bytes, stream: bytes) -> None:
    whole = decode([blank + stream])
    apart = decode([blank, stream])

    assert len(whole.results) == 1
    assert (whole.events, whole.dead, whole.counters) == (
        apart.events,
        apart.dead,
        apart.counters,
    )
    assert not whole.dead


def test_a_line_that_is_too_long_leaves_its_neighbours_alone() -> None:
    long = native(inbound(user="u" * SETTINGS.max_line))
    found = decode([LINE + b"\n" + long + b"\n" + LINE + b"\n"])
    assert len(found.results) == 2
    (letter,) = found.dead
    assert len(letter["event"]["original"]) == SETTINGS.max_line + 1


@pytest.fixture
def stream() -> Iterator[tuple[Stream, int]]:
    """A stream that watches signals, and the end of a pipe that feeds it."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    reading, writing = os.pipe()
    made = Stream(reading)
    made.watch_signals()
    yield made, writing
    signal.alarm(0)
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    signal.set_wakeup_fd(-1)
    os.close(reading)
    os.close(writing)


def test_a_signal_behind_a_read_loses_nothing_of_it(
    stream: tuple[Stream, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second stop signal comes when the bytes are read and not yet returned."""
    reader, writing = stream
    os.write(writing, b"line\n")
    read = os.read

    def interrupted(descriptor: int, count: int) -> bytes:
        data = read(descriptor, count)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        return data

    monkeypatch.setattr(os, "read", interrupted)
    assert reader.read() == b"line\n"
    assert reader.read() == b""


def test_one_stop_signal_leaves_the_rest_to_be_read(stream: tuple[Stream, int]) -> None:
    reader, writing = stream
    signal.raise_signal(signal.SIGTERM)
    for block in (b"a", b"b"):
        os.write(writing, block)
        assert reader.read() == block


def test_a_second_stop_signal_ends_the_waiting(stream: tuple[Stream, int]) -> None:
    reader, _ = stream
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    assert reader.read() == b""


def test_the_time_of_a_record_is_of_its_first_line_only() -> None:
    """What stands behind a line feed inside a record may be anybody's text."""
    text = f"MID 6 Subject 'x\n{inbound(outcome='succeeded').decode()}"
    found = decode([orjson.dumps({"message": text, "time": 1_700_000_000})])
    assert not found.events
    assert [letter["error"]["type"] for letter in found.dead] == ["no_time"]
    first = decode([orjson.dumps({"message": inbound().decode(), "time": 1.5})])
    assert first.results[0]["@timestamp"] == "1970-01-01T00:00:01.500Z"


@pytest.mark.parametrize("data", [b"", b"\x49\xef\x00\x00", bytes(7), bytes(9)])
def test_a_time_of_the_forward_protocol_that_is_none_is_not_guessed(
    data: bytes,
) -> None:
    record = {"message": inbound(), "time": msgpack.ExtType(0, data)}
    found = decode([msgpack.packb(record)])
    assert not found.events
    assert [letter["error"]["type"] for letter in found.dead] == ["no_time"]


def test_lines_without_any_prefix_are_joined_up_to_the_longest_line() -> None:
    """What follows is passed over: a copy of something else would fill the memory."""
    joiner = Joiner(lambda line: line.startswith(b"Wed "), max_line=20)
    assert joiner.feed([b"Wed one", b" two", b"", b"three", *[b"x" * 9] * 1000]) == []
    assert joiner.joined == 1002
    assert joiner.feed([b"Wed next"]) == [b"Wed one two three xxx"]
    assert joiner.finish() == [b"Wed next"]
    assert joiner.finish() == []

"""JSON and msgpack that `filter` reads and writes, as Fluentd does, or broken."""

import msgpack
import orjson
import pytest

from tests.commands.attempts import QUICK_START, attempts, stream_of, users_of
from tests.support.harness import inbound
from tests.support.process import esa_auth


def test_output_as_msgpack() -> None:
    plain = esa_auth("filter", stdin=stream_of(QUICK_START))
    ended = esa_auth("filter", "--output", "msgpack", stdin=stream_of(QUICK_START))

    unpacker = msgpack.Unpacker()
    unpacker.feed(ended.stdout)
    assert list(unpacker) == plain.events
    assert ended.code == 0
    assert ended.account == plain.account


@pytest.mark.parametrize("form", ["auto", "json"])
def test_json_as_fluentd_sends_it(form: str) -> None:
    records = [{"message": line.decode(), "x": None} for line in QUICK_START]
    stdin = b"".join(orjson.dumps(r) + b"\n" for r in records)
    ended = esa_auth("filter", "--input", form, stdin=stdin)

    ended.assert_complete()
    assert ended.events == esa_auth("filter", stdin=stream_of(QUICK_START)).events


@pytest.mark.parametrize("form", ["auto", "msgpack"])
@pytest.mark.parametrize("binary", [True, False])
def test_msgpack_as_fluentd_sends_it(form: str, binary: bool) -> None:
    """Its in_tail packs what it reads as bin, its parsers as str."""
    lines = [line if binary else line.decode() for line in QUICK_START]
    stdin = b"".join(msgpack.packb({"message": line}) for line in lines)
    ended = esa_auth("filter", "--input", form, stdin=stdin)

    ended.assert_complete()
    assert ended.events == esa_auth("filter", stdin=stream_of(QUICK_START)).events


def test_time_and_host_of_a_record() -> None:
    """Fluentd's EventTime, and a field deep in the record."""
    stamp = msgpack.ExtType(0, (1_700_000_000).to_bytes(4) + (0).to_bytes(4))
    record = {"message": inbound(), "time": stamp, "host": "esa07"}
    ended = esa_auth("filter", stdin=msgpack.packb(record))

    ended.assert_complete()
    assert ended.events[0]["@timestamp"] == "2023-11-14T22:13:20.000Z"
    assert ended.events[0]["observer"]["name"] == "esa07"


def test_a_broken_json_record_is_a_dead_letter_and_the_stream_goes_on() -> None:
    good = [orjson.dumps({"message": line.decode()}) for line in attempts(2)]
    broken = [b'{"message": "cut', b"[]", b'{"log": "x"}', b'{"message": 7}', b"\xff"]
    ended = esa_auth("filter", stdin=stream_of([good[0], *broken, good[1]]))
    account = ended.assert_complete()

    assert users_of(ended) == ["user0", "user1"]
    assert account.rejected == len(broken)
    assert [x["event"]["original"] for x in ended.letters] == [
        text.decode("utf-8", "backslashreplace") for text in broken
    ]
    assert {x["error"]["type"] for x in ended.letters} == {"broken_record"}


@pytest.mark.parametrize(
    ("garbage", "code"),
    [
        # What follows cannot be framed: the host must restart us.
        (b"\xc1", 75),
        (b"\x81\x90\x01", 75),
        (b"hello\n", 75),
        (b"\x91" * 5000, 75),
    ],
)
def test_msgpack_garbage_has_a_clear_answer(garbage: bytes, code: int) -> None:
    good = msgpack.packb({"message": attempts(1)[0]})
    ended = esa_auth("filter", "--input", "msgpack", stdin=good + garbage)

    ended.assert_complete(code)
    assert users_of(ended) == ["user0"]
    (letter,) = ended.letters
    assert letter["error"]["message"].startswith("not msgpack: ")
    assert letter["error"]["message"] != "not msgpack: "

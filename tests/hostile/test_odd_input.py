"""What no appliance writes and anyone can send."""

import json
from itertools import permutations

import msgpack
import orjson
import pytest

from tests.support.harness import decode, inbound, native, opened, run, syslog

BODY = f"Info: {inbound().decode()}"
BREAKS = [
    *("\r", "\r\r", "\v", "\f", "\x00", "\x1c", "\x1d", "\x1e", "\x85"),
    *("\u2028", "\u2029", "\ufeff"),
]
ODD = [
    *(f"a{mark}ICID 450 close{mark}b" for mark in BREAKS),
    *(f"{mark}SMTP Auth: (ICID 450) succeeded for user: x" for mark in BREAKS),
]


@pytest.mark.parametrize("name", ODD)
def test_only_a_line_feed_ends_a_line(name: str) -> None:
    lines = [*map(native, opened()), native(inbound(user=name), 1)]
    found = decode([b"\n".join([*lines, native("ICID 450 close", 2)])])
    attempt, end = found.events
    assert attempt["user"]["name"] == name
    assert attempt["event"]["outcome"] == "failure"
    assert attempt["event"]["original"].encode() == lines[-1]
    assert orjson.loads(orjson.dumps(attempt)) == attempt
    assert end["@timestamp"] == "2009-04-22T11:00:02.000Z"


@pytest.mark.parametrize("codec", ["latin-1", "utf-16", "utf-16-be", "utf-8-sig"])
def test_a_name_in_any_encoding_is_kept_by_its_bytes(codec: str) -> None:
    line = native(inbound(user="Jürgen".encode(codec)))
    (attempt,) = run([line]).results
    orjson.dumps(attempt)
    assert attempt["cisco_esa"]["icid"] == 450
    assert attempt["cisco_esa"]["auth"]["mechanism"] == "PLAIN"
    original = attempt["event"]["original"]
    assert original == line.decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("ends", [b"\r", b"\x85", b"\xe2\x80\xa8", b"\x00"])
def test_lines_that_only_look_ended_are_one(ends: bytes) -> None:
    lines = [*map(native, opened()), native(inbound()), native("ICID 450 close")]
    found = decode([ends.join(lines)])
    found.assert_accounted()
    assert found.counters.lines == 1
    assert not found.events


@pytest.mark.parametrize("number", ["4" * 13, "4" * 4301, "٤٥٠", "²", "-1", "1e3"])
def test_a_number_that_is_none_joins_nothing(number: str) -> None:
    """More than 4,300 digits are no int to Python; some digits are not ours."""
    bodies = [*opened(), inbound(), b"ICID 450 close"]
    found = run([native(b.replace(b"450", number.encode())) for b in bodies])
    found.assert_accounted()
    assert not found.events
    assert [letter["error"]["type"] for letter in found.dead] == ["unread"]


def test_a_number_with_zeros_before_it_is_another_one() -> None:
    other = inbound().replace(b"450", b"000450")
    attempts = run([native(b) for b in (*opened(), inbound(), other)]).results
    sources = [attempt.get("source", {}).get("ip") for attempt in attempts]
    assert sources == ["198.51.100.7", None]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_no_order_of_a_second_joins_what_was_closed(order: tuple[int, ...]) -> None:
    first = [*opened(), inbound(), b"ICID 450 close"]
    later = b"New SMTP ICID 450 interface Data 1 (192.0.2.1) address 203.0.113.9 "
    later += b"reverse dns host unknown verified no"
    three = [inbound(user="eve"), later, b"ICID 450 close"]
    lines = [native(body) for body in (*first, *(three[n] for n in order))]
    eve = run(lines).results[-1]
    opened_by_then = order.index(1) < order.index(0)
    closed_again = opened_by_then and order.index(1) < order.index(2) < order.index(0)
    known = opened_by_then and not closed_again
    assert eve["user"]["name"] == "eve"
    assert eve.get("source", {}).get("ip") == ("203.0.113.9" if known else None)


@pytest.mark.parametrize(
    "stamp",
    [
        b"0001-01-01T00:00:00+23:59",
        b"9999-12-31T23:59:59-23:59",
        b"2026-13-45T99:99:99Z",
        b"Feb 30 11:00:00",
        b"Xxx 99 99:99:99",
    ],
)
def test_a_time_that_is_none_is_a_dead_letter(stamp: bytes) -> None:
    line = stamp + b" esa01 mail_logs: Info: " + inbound()
    found = run([line, syslog(inbound())])
    assert [letter["error"]["type"] for letter in found.dead] == ["no_time"]
    assert [e["@timestamp"] for e in found.results] == ["2026-04-22T11:00:00.000Z"]


@pytest.mark.parametrize("year", [b"0001", b"9999"])
def test_the_first_and_the_last_year(year: bytes) -> None:
    lines = [native(b).replace(b"2009", year) for b in (*opened(), inbound())]
    stamped = [*lines, syslog(inbound(), 1)]
    first, second = run(stamped).results
    assert first["@timestamp"] == f"{year.decode()}-04-22T11:00:00.000Z"
    assert second["@timestamp"].endswith("-04-22T11:00:01.000Z")


@pytest.mark.parametrize(
    "time",
    ["NaN", "Infinity", "1e400", "-1e18", "1e18", "9" * 400, "true", "[]", '"x"', "{}"],
)
def test_a_time_of_a_record_that_is_none(time: str) -> None:
    document = f'{{"message": {json.dumps(BODY)}, "time": {time}}}\n'.encode()
    found = decode([document, orjson.dumps({"message": native(inbound()).decode()})])
    found.assert_accounted()
    assert len(found.dead) == len(found.results) == 1


@pytest.mark.parametrize(
    "document",
    [
        b'{"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"message": "\\ud800"}',
        b'{"message": 1, "message": null}',
        b'{"message": "x"',
        b'{"message": "x", "host": "' + b"h" * 256 + b'"}',
        b"{" * 60_000,
    ],
)
def test_json_that_is_no_record_is_one_dead_letter(document: bytes) -> None:
    good = orjson.dumps({"message": native(inbound()).decode()})
    found = decode([b"\n".join([good, document, good, b""])])
    found.assert_accounted()
    assert (len(found.results), len(found.dead)) == (2, 1)


def test_the_last_of_two_equal_keys_counts() -> None:
    host = b'"host": "a", "host": "b"'
    message = b'"message": "x", "message": ' + json.dumps(BODY).encode()
    found = decode([b"{" + host + b', "time": 0, ' + message + b"}\n"])
    assert [e["observer"]["name"] for e in found.results] == ["b"]


@pytest.mark.parametrize(
    "time",
    [
        float("nan"),
        float("inf"),
        2**64 - 1,
        -(2**63),
        msgpack.Timestamp(2**62, 0),
        msgpack.Timestamp(-(2**62), 0),
        msgpack.ExtType(1, b"12345678"),
        msgpack.ExtType(5, b""),
    ],
)
def test_a_time_of_a_packed_record_that_is_none(time: object) -> None:
    found = decode([msgpack.packb({"message": BODY, "time": time})])
    assert [letter["error"]["type"] for letter in found.dead] == ["no_time"]


@pytest.mark.parametrize(
    "junk",
    [
        b"\x82\xa7message\xa1x\xa4time\xd7\xff" + b"\xff" * 8,
        b"\x82\xa7message\xa1x\xa4time\xc7\x03\xff\xff\xff\xff",
        b"\x81\xa7message" + b"\x91" * 100_000 + b"\xc0",
        b"\x81\x91\x01\x01",
        b"\xdf\xff\xff\xff\xff" + b"\xa1x" * 100,
        b"\x81\xa7message\xdb\xff\xff\xff\xff" + b"x" * 100,
    ],
)
def test_msgpack_that_is_no_record_is_one_dead_letter(junk: bytes) -> None:
    good = msgpack.packb({"message": native(inbound())})
    found = decode([good + junk])
    found.assert_accounted()
    assert (len(found.results), len(found.dead)) == (1, 1)


def test_half_lines_of_two_are_never_two_attempts() -> None:
    one = native(inbound(user="ann"))
    two = native(inbound(451, "ben", "succeeded"))
    for cut in range(1, len(one)):
        found = run([one[:cut] + two, one[cut:]])
        found.assert_accounted()
        for event in found.results:
            flags = event["cisco_esa"].get("flags", [])
            told = event["user"]["name"], event["event"]["outcome"]
            whole = told in (("ann", "failure"), ("ben", "success"))
            assert whole or "ambiguous_user" in flags, event

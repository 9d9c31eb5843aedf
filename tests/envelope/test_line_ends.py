"""What a collector leaves at the ends of a line changes nothing of it."""

import hashlib
import json

import pytest

from esa_auth.grammar import GRAMMAR
from tests.support.harness import (
    Event,
    Run,
    decode,
    ended,
    inbound,
    made,
    native,
    opened,
    run,
    syslog,
)

ENDS = (
    b"\r",
    b"\r\r",
    b"#012",
    b"#015#012",
    b"#000",
    b"\0",
    b"\0\0\0",
    b"#012#000",
    b"\r#012\0",
    b"#012" * 30,
    bytes(200),
)
BODIES = (
    *opened(),
    inbound(outcome="succeeded"),
    b"Start MID 6 ICID 450",
    b"MID 6 ICID 450 From: <ann@example.com>",
    b"MID 6 ICID 450 RID 0 To: <bob@example.com>",
    b"MID 6 ready 100 bytes from <ann@example.com>",
    b"New SMTP DCID 5 interface 192.0.2.1 address 192.0.2.7 port 25",
    b"DCID: 5 IP: 192.0.2.7 SMTP authentication using the profile x succeeded.",
    b"Message done DCID 5 MID 6 to RID [0]",
    b"DCID 5 close",
    b"User admin from 192.0.2.44 was authenticated successfully.",
    b"SMTP Auth (ICID 450) LDAP query/user lookup failed for user: ann",
    b"ICID 450 close",
)


def records(lines: list[bytes]) -> Run:
    pipeline = made()
    pipeline.feed_records([(line, None, None) for line in lines])
    pipeline.drain()
    return ended(pipeline)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: repr(end[:12]))
@pytest.mark.parametrize("frame", [native, syslog])
@pytest.mark.parametrize("read", [run, records])
def test_events_are_those_of_the_line_without(end: bytes, frame, read) -> None:  # type: ignore[no-untyped-def]  # three kinds of callable
    lines = [frame(body) for body in BODIES]
    plain, found = read(lines), read([line + end for line in lines])
    found.assert_accounted()
    assert found.events == plain.events
    assert found.counters == plain.counters
    assert len(plain.events) == 6


@pytest.mark.parametrize("end", ENDS[:9])
def test_every_wording_is_read_with_it(end: bytes) -> None:
    for rule in GRAMMAR.event_rules:
        line = native(rule.sample)
        assert run([line + end]).events == run([line]).events, rule.name


def test_one_id_hash_and_original_with_and_without_a_carriage_return() -> None:
    line = native(inbound())
    unix, dos = (decode([line + end]).events[0]["event"] for end in (b"\n", b"\r\n"))
    assert unix["id"] == dos["id"]
    assert dos["original"] == line.decode()
    assert dos["hash"] == hashlib.sha256(line).hexdigest()


def test_a_dead_letter_has_it_neither() -> None:
    line = native("SMTP Auth: (ICID 7) deferred for user: ann")
    (plain,), (found,) = run([line]).dead, run([line + b"\r"]).dead
    assert found == plain


def test_a_carriage_return_inside_a_name_stays() -> None:
    line = native(inbound(user="a\rb"))
    event = run([line + b"\r"]).events[0]
    assert event["user"]["name"] == "a\rb"


def test_a_hole_of_nuls_is_passed_over() -> None:
    """Logrotate's copytruncate leaves one as long as the file was."""
    lines = [native(body) for body in BODIES]
    plain: list[Event] = run(lines).events
    for size in (1, 41, 5_000, 300_000):
        data = bytes(size) + b"\n".join(lines) + b"\n"
        for block in (1 << 20, 4096, 977):
            blocks = [data[at : at + block] for at in range(0, len(data), block)]
            found = decode(blocks, "native")
            assert found.events == plain, (size, block)
            assert found.counters.lines == len(lines)
    assert decode([bytes(41) + lines[2]]).results[0]["event"]["id"]


def test_records_of_json_with_carriage_returns() -> None:
    lines = [native(body) for body in BODIES]
    data = b"".join(
        json.dumps({"message": line.decode() + "\r"}).encode() + b"\r\n"
        for line in lines
    )
    assert decode([data], "json").events == run(lines).events

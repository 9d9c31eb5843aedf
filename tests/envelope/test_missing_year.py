"""A year that a stamp does not say: by our clock, the saved one, or the receiver."""

import pytest

from tests.envelope.forged_lines import ARCHIVE, CLIENT, NOW, TRUE, live
from tests.support.harness import ended, inbound, made, taken


@pytest.mark.parametrize("unset", [0, 86_400, 946_684_800])
@pytest.mark.parametrize("restart", [False, True])
def test_an_unset_wall_clock_heals(unset: int, *, restart: bool) -> None:
    pipeline = live(unset)
    pipeline.feed(TRUE[:3])
    (first, *_) = taken(pipeline)
    assert first["cisco_esa"]["flags"] == ["implausible_time"]
    if restart:
        saved = pipeline.snapshot()
        pipeline = live(NOW)
        pipeline.restore(saved)
    pipeline.at(NOW)
    pipeline.feed(TRUE)
    pipeline.drain()
    found = ended(pipeline)
    assert {e["@timestamp"][:4] for e in found.results} == {"2026"}
    assert [e["source"]["ip"] for e in found.results] == [
        CLIENT,
        CLIENT,
        "198.51.100.8",
    ]


def test_while_the_wall_clock_is_unset_the_saved_clock_gives_the_year() -> None:
    before = live(NOW)
    before.feed(TRUE)
    pipeline = live(0)
    pipeline.restore(before.snapshot())
    pipeline.feed(TRUE)
    found = ended(pipeline)
    assert {e["@timestamp"][:4] for e in found.events} == {"2026"}


@pytest.mark.parametrize("days", [200, 300, 364, 700])
def test_a_saved_clock_gives_no_year(days: int) -> None:
    """It was kept over months of silence."""
    before = live(NOW - days * 86_400)
    before.feed([b"<22>2025-01-01T00:00:00Z esa1 mail_logs: Info: " + inbound()])
    pipeline = live(NOW)
    pipeline.restore(before.snapshot())
    pipeline.feed(TRUE)
    pipeline.drain()
    results = [e for e in ended(pipeline).results if e["cisco_esa"]["icid"] != 450]
    assert {e["@timestamp"][:4] for e in results} == {"2026"}
    assert all("flags" not in e["cisco_esa"] for e in results)


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        (b"Mar 17 18:30:05", "2026-03-17"),
        (b"Mar 18 18:00:00", "2026-03-18"),
        (b"Mar 18 19:00:00", "2025-03-18"),
        (b"Mar 19 00:00:00", "2025-03-19"),
        (b"Dec 31 23:59:59", "2025-12-31"),
        (b"Feb 29 12:00:00", "2024-02-29"),
    ],
)
def test_a_stamp_is_of_the_latest_year_not_more_than_a_day_ahead(
    stamp: bytes, at: str
) -> None:
    """Of the first line, too, and of one that is a bit ahead of us."""
    pipeline = live(NOW)
    pipeline.feed([b"<22>" + stamp + b" esa1 mail_logs: Info: " + inbound()])
    (event,) = taken(pipeline)
    assert event["@timestamp"][:10] == at


@pytest.mark.parametrize(
    ("received", "stamp", "at"),
    [
        ("2019-01-01T00:00:01Z", b"Dec 31 23:59:59", "2018-12-31"),
        ("2018-12-31T23:59:59Z", b"Jan  1 00:00:01", "2019-01-01"),
        ("2016-03-01T01:00:00.123Z", b"Feb 29 23:00:00", "2016-02-29"),
        # A backlog is old; nothing is received before it was sent.
        ("2018-11-27T12:00:00Z", b"Jan  5 11:00:00", "2018-01-05"),
        ("2018-11-27T12:00:00Z", b"Nov 30 11:00:00", "2017-11-30"),
        # 14 hours east, and nobody said so.
        ("2018-12-31T23:00:00Z", b"Jan  1 13:00:00", "2019-01-01"),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_the_receiver_gives_the_year(
    received: str, stamp: bytes, at: str, *, inside: bool
) -> None:
    line = stamp + b" esa1 mail_logs: Info: " + inbound()
    pipeline = made(ARCHIVE)
    if inside:
        pipeline.feed([received.encode() + b" relay " + line])
    else:
        # Twice: the second head is known.
        other = line.replace(b"450", b"451")
        pipeline.feed_records([(line, None, received), (other, None, received)])
    pipeline.drain()
    for event in ended(pipeline).results:
        assert event["@timestamp"][:10] == at

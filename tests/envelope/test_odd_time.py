"""Time that is odd and not forged: silences, clocks set back or ahead, leap seconds."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.envelope.forged_lines import ARCHIVE, CLIENT, LIVE, NOW, TRUE, live, through
from tests.support.harness import inbound, opened, taken


def test_an_old_file_is_read_live_as_it_is() -> None:
    """Years of it, with a silence of days, and its first lines after each count."""
    lines = []
    for year in (2009, 2012, 2024):
        for day in (1, 4, 9, 28):
            head = f"Wed Jan {day:2d} 11:00:00 {year} Info: ".encode()
            icid = year * 100 + day
            lines += [head + body for body in (*opened(icid), inbound(icid))]
    for settings in (LIVE, ARCHIVE):
        found = through(lines, settings)
        assert len(found.results) == 12
        for event in found.results:
            assert event["cisco_esa"]["session"]["context"] == "complete"
            assert "flags" not in event["cisco_esa"]


def test_a_clock_that_really_was_set_back_is_believed_in_the_end() -> None:
    def line(year: int, n: int) -> bytes:
        return f"Wed Jan  1 11:00:{n:02d} {year} Info: ".encode() + inbound(7)

    for settings in (LIVE, ARCHIVE):
        lines = [line(2020, 0), *(line(2010, n) for n in range(40))]
        found = through(lines, settings)
        assert len(found.results) == 41
        assert "flags" not in found.results[-1]["cisco_esa"]


@pytest.mark.parametrize(
    ("ahead", "flagged"), [(300, False), (301, True), (7200, True)]
)
def test_what_is_ahead_of_the_wall_clock_is_flagged(
    ahead: int, *, flagged: bool
) -> None:
    pipeline = live(NOW - ahead)
    stamp = b"<22>Mar 17 18:30:00 esa1 mail_logs: Info: "
    pipeline.feed([stamp + opened(5)[0], stamp + inbound(5)])
    (event,) = taken(pipeline)
    assert event["cisco_esa"].get("flags", []) == ["future_time"] * flagged
    assert event["source"]["ip"] == CLIENT


@pytest.mark.parametrize("days", [2, 30, 300])
def test_a_silence_in_an_archive_costs_nothing(days: int) -> None:
    """Also where sessions are open before it, and three lines are all that follow."""
    settings = replace(ARCHIVE, reference=NOW + 400 * 86_400)
    later = NOW + days * 86_400
    stamp = datetime.fromtimestamp(later, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = f"{stamp} esa1 mail_logs: Info: ".encode()
    after = [head + body for body in (*opened(9), inbound(9, "late"))]
    true = [b"2026-03-17T18:24:00Z" + line[19:] for line in TRUE[:4]]
    found = through([*true, *after], settings)
    (event,) = (e for e in found.results if e["cisco_esa"]["icid"] == 9)
    assert event["cisco_esa"]["session"]["context"] == "complete"
    assert "flags" not in event["cisco_esa"]


@pytest.mark.parametrize(
    "stamp",
    [
        b"<22>Dec 31 23:59:60 esa1 mail_logs: Info: ",
        b"Thu Dec 31 23:59:60 2016 Info: ",
        b"<22>2016-12-31T23:59:60Z esa1 mail_logs: Info: ",
    ],
)
def test_a_leap_second_is_the_second_before_it(stamp: bytes) -> None:
    found = through([stamp + inbound()], LIVE)
    (event,) = found.results
    assert event["@timestamp"].endswith("-12-31T23:59:59.000Z")


@pytest.mark.parametrize(
    ("offset", "zone"),
    [(54_000, "+15:00"), (-54_000, "-15:00"), (54_001, "UTC"), (86_400, "UTC")],
)
def test_an_offset_of_more_than_fifteen_hours_is_not_believed(
    offset: int, zone: str
) -> None:
    head = b"Tue Mar 17 18:00:00 2026 Info: "
    said = b"Time offset from UTC: %d seconds" % offset
    found = through([head + said, head + inbound()], ARCHIVE)
    (event,) = found.results
    assert event["event"]["timezone"] == zone

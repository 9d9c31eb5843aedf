"""Hours that come twice or never, turns of the year, and clocks that jump."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from esa_auth.pipeline import Settings
from tests.support.harness import inbound, native, opened, run
from tests.support.process import esa_auth

# Chatham's +13:45 and the half hours of Lord Howe show that nothing is rounded.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)
# Both changes of each of the zones, a leap day and a turn of the year are in it.
BEGIN = datetime(2027, 12, 30, tzinfo=UTC)
DAYS = 460
STEP = timedelta(minutes=15)


def stamped(local: datetime) -> bytes:
    return local.strftime("%a %b %e %H:%M:%S %Y").encode()


@pytest.mark.parametrize("name", ZONES)
def test_a_year_of_a_zone(name: str) -> None:
    """Each quarter of an hour around a change, and one a day in between."""
    zone = ZoneInfo(name)
    every = [BEGIN + STEP * n for n in range(DAYS * 96)]

    def near_a_change(utc: datetime) -> bool:
        around = (utc + timedelta(hours=h) for h in (-3, 3))
        return len({a.astimezone(zone).utcoffset() for a in around}) > 1

    times = [t for n, t in enumerate(every) if n % 96 == 0 or near_a_change(t)]
    lines = [
        stamped(t.astimezone(zone)) + b" Info: " + inbound(user=str(t)) for t in times
    ]
    found = run(lines, Settings(zone=name))
    told = {e["user"]["name"]: e for e in found.results}
    twice = 0
    for time in times:
        event = told[str(time)]
        flags = event["cisco_esa"].get("flags", [])
        local = time.astimezone(zone)
        ambiguous = (
            local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        )
        assert ("ambiguous_time" in flags) == ambiguous
        twice += ambiguous
        # In the log's order the hour goes backwards once, by which it is told.
        assert event["@timestamp"] == time.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        assert event["event"]["timezone"] == name
    assert (twice > 0) == (name != "Asia/Kathmandu")


@pytest.mark.parametrize("jump", ["-946080000", "-86400", "-3600", "3600", "946080000"])
def test_no_event_depends_on_our_clock(tmp_path: Path, jump: str) -> None:
    """The clock jumps at every look at it, forth and back."""
    patch = (
        "import itertools, time\n"
        f"real, turns = time.time, itertools.cycle((0, {jump}))\n"
        "time.time = lambda: real() + next(turns)\n"
        "real_ns = time.time_ns\n"
        f"time.time_ns = lambda: real_ns() + next(turns) * 10**9\n"
    )
    mark = tmp_path / "patched"
    patch += f"open({str(mark)!r}, 'w').close()\n"
    (tmp_path / "sitecustomize.py").write_text(patch, "utf-8")
    bodies = [*opened(), inbound(), inbound(outcome="succeeded"), b"ICID 450 close"]
    lines = [native(body, second) for second, body in enumerate(bodies * 50)]
    stdin = b"\n".join([*lines, b""])
    jumping = esa_auth("filter", stdin=stdin, PYTHONPATH=str(tmp_path))
    assert mark.exists()
    assert jumping.events == esa_auth("filter", stdin=stdin).events
    assert jumping.assert_complete().results == 100


@pytest.mark.parametrize(
    ("first", "second", "year"),
    [
        (b"Oct  1", b"Mar 20", 2026),
        (b"Oct  1", b"May  1", 2026),
        (b"Oct  1", b"Jul  2", 2026),
        (b"Oct  1", b"Jul  3", 2025),
        (b"Mar  1", b"Sep 20", 2025),
        (b"Mar  1", b"Aug  1", 2025),
        (b"Dec 31", b"Jan  1", 2026),
        (b"Jan  1", b"Dec 31", 2025),
    ],
)
def test_a_stamp_is_of_the_latest_year_that_its_file_can_have(
    first: bytes, second: bytes, year: int
) -> None:
    """The file was written last on 1 July 2026; no other line has a say in it."""
    found = run(
        [
            first + b" 11:00:00 2025 esa01 mail_logs: Info: " + inbound(),
            second + b" 00:00:00 esa01 mail_logs: Info: " + inbound(),
        ]
    )
    found.assert_accounted()
    assert sorted(e["@timestamp"][:4] for e in found.results) == ["2025", str(year)]


def test_a_file_that_begins_in_the_hour_that_comes_twice() -> None:
    """When it was written says nothing of that."""
    reference = int(datetime(2025, 11, 20, tzinfo=UTC).timestamp())
    lines = [
        f"Sun Oct 26 {time} 2025 Info: ".encode() + inbound()
        for time in ("02:10:00", "02:50:00", "02:20:00", "03:10:00")
    ]
    found = run(lines, Settings(zone="Europe/Berlin", reference=reference))
    times = [e["@timestamp"][11:16] for e in found.results]
    assert times == ["00:10", "00:50", "01:20", "02:10"]

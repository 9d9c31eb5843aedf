"""Times that are typed: as they are written, or so long ago."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from esa_auth.commands.period import as_stamp, read_moment, read_period
from esa_auth.errors import ConfigError

NOW = datetime(2026, 3, 2, 11, 0, 1, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("45s", timedelta(seconds=45)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("000001h", timedelta(hours=1)),
    ],
)
def test_so_long_ago(text: str, ago: timedelta) -> None:
    assert read_moment("--since", text, NOW) == NOW - ago


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-03-02T09:30:00", 9),
        ("2026-03-02T09:30:00Z", 9),
        ("2026-03-02T09:30:00+02:00", 7),
        ("2026-03-02 09:30", 9),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, hour: int) -> None:
    found = read_moment("--since", text, NOW)
    assert found == datetime(2026, 3, 2, hour, 30, tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "1", "h", "1h30m", "-1h", "1000000s", "999999w"])
def test_what_is_no_time_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--until: .*is neither an ISO 8601 time"):
        read_moment("--until", text, NOW)


def test_a_period_begins_before_it_ends() -> None:
    assert read_period(None, None) == (None, None)
    begin, end = read_period("2026-03-02T09:00", "2026-03-02T09:01")
    assert begin is not None
    assert end is not None
    assert end - begin == timedelta(minutes=1)
    assert read_period(None, "2026-03-02T09:01") == (None, end)
    assert read_period("2026-03-02T09:00", None) == (begin, None)
    for until in ("2026-03-02T09:00", "2026-03-02T08:59"):
        with pytest.raises(ConfigError, match=f"09:00 is not before --until {until}"):
            read_period("2026-03-02T09:00", until)


def test_a_stamp_is_written_as_those_of_events() -> None:
    assert as_stamp(NOW) == "2026-03-02T11:00:01.250Z"
    assert as_stamp(None) is None
    assert NOW.astimezone(timezone(timedelta(hours=1))) == NOW

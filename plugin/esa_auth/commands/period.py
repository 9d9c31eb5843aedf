"""Times on the command line: ISO 8601, or so long ago."""

import re
from datetime import UTC, datetime, timedelta

from esa_auth.errors import ConfigError

_AGO = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
HELP = "ISO 8601, UTC if no zone, or as 30m, 24h, 7d: so long ago"


def read_moment(option: str, text: str, now: datetime) -> datetime:
    """Return the time that ``text`` means, in UTC.

    Raises:
        ConfigError: it is no time.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        wanted = "neither an ISO 8601 time nor as 24h, 7d"
        raise ConfigError(f"{option}: {text!r:.60} is {wanted}") from error


def read_period(
    since: str | None, until: str | None
) -> tuple[datetime | None, datetime | None]:
    """Return what --since and --until mean, in UTC.

    Raises:
        ConfigError: one is no time, or the first is not before the second.
    """
    now = datetime.now(UTC)
    begin = read_moment("--since", since, now) if since is not None else None
    end = read_moment("--until", until, now) if until is not None else None
    if begin and end and begin >= end:
        raise ConfigError(f"--since: {since} is not before --until {until}")
    return begin, end


def as_stamp(time: datetime | None) -> str | None:
    """Return ``time`` as ``@timestamp`` is written."""
    if time is None:
        return None
    return time.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"

"""The parts of a stamp, the year of one that has none, and an instant in its forms."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeAlias

from esa_auth.model.facts import Instant

DAY = 86_400
_NAMES = "JanFebMarAprMayJunJulAugSepOctNovDec"
_MONTHS = {_NAMES[i : i + 3]: i // 3 + 1 for i in range(0, 36, 3)}
_LOCAL = re.compile(
    r"(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) {1,2}([0-9]{1,2}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?: ([0-9]{4}))?"
)
RFC3339 = re.compile(
    r"([0-9-]{10})[T ]([0-9:]{8})(?:[.,]([0-9]{1,9}))?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
# BSD stamps as collectors write them on request: the year in any place, a fraction.
ODD_BSD = re.compile(
    r"(?:([0-9]{4}) |[A-Z][a-z]{2} )?([A-Z][a-z]{2} {1,2}[0-9]{1,2}) "
    r"(?:([0-9]{4}) )?([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?(?: ([0-9]{4}))?"
)
# Month, day, hour, minute, second.
Parts: TypeAlias = tuple[int, int, int, int, int]
# The same day of the next year is further away than this, whatever its zone does.
_SURELY_LATEST = 364 * DAY
# 29 February is away for at most so many years.
_LEAP = 8
_Read = Callable[[datetime], Instant]


@lru_cache(maxsize=64)
def local_parts(stamp: str) -> tuple[int | None, Parts] | None:
    """Return the year of a stamp without zone, and the rest; None: it is no such."""
    match = _LOCAL.fullmatch(stamp)
    if match is None:
        return None
    month, day, hour, minute, second, year = match.groups()
    # AsyncOS was not seen to write a leap second; clamp rather than lose it.
    seconds = min(int(second), 59)
    parts = _MONTHS.get(month, 0), int(day), int(hour), int(minute), seconds
    return int(year) if year else None, parts


def noon_of(around: str | None) -> int | None:
    """Return noon of a date, epoch seconds."""
    if around is None:
        return None
    try:
        day = datetime.fromisoformat(f"{around[:10]}T12:00:00+00:00")
    except ValueError:
        return None
    return int(day.timestamp())


# Appliances of one zone write the same seconds.
@lru_cache(maxsize=1024)
def instant_of(local: datetime, zone: tzinfo, name: str, fold: int = 0) -> Instant:
    # `fold` has a place of its own, for times that differ in it alone are equal.
    utc = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    iso = utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    return Instant(int(utc.timestamp()), iso, name)


def with_fraction(instant: Instant, fraction: str | None) -> Instant:
    """Return ``instant`` with the milliseconds of a fraction of a second."""
    millis = int((fraction or "0").ljust(3, "0")[:3])
    return instant._replace(iso=f"{instant.iso[:-4]}{millis:03d}Z")


def zone_text(zone: tzinfo, local: datetime) -> str:
    seconds = int((zone.utcoffset(local) or timedelta()).total_seconds())
    if seconds == 0:
        return "UTC"
    sign, rest = ("-" if seconds < 0 else "+"), abs(seconds)
    text = f"{sign}{rest // 3600:02d}:{rest % 3600 // 60:02d}"
    return text + (f":{rest % 60:02d}" if rest % 60 else "")


def is_native(stamp: str) -> bool:
    """Return whether a stamp begins with its weekday."""
    return stamp[3:4] == " " and stamp[:3] not in _MONTHS


def latest(reference: int, parts: Parts, read: _Read) -> Instant:
    """Return the latest instant not more than a day after ``reference``.

    Raises:
        ValueError: there is no such day.
    """
    # A day of grace, for clocks and zones that differ.
    until = reference + DAY
    year = datetime.fromtimestamp(reference, UTC).year
    same = _of_year(year, parts, read)
    if same is not None and same.epoch <= until < same.epoch + _SURELY_LATEST:
        return same
    back = _LEAP if parts[:2] == (2, 29) else 1
    found = [
        instant
        for candidate in range(year - back, year + 2)
        if (instant := _of_year(candidate, parts, read)) is not None
    ]
    if not found:
        raise ValueError(parts)
    past = [instant for instant in found if instant.epoch <= until]
    return past[-1] if past else found[0]


def _of_year(year: int, parts: Parts, read: _Read) -> Instant | None:
    try:
        local = datetime(year, *parts)  # noqa: DTZ001
    except ValueError:  # 29 February of a common year
        return None
    return read(local)

"""The year of a stamp that has none."""

from collections.abc import Callable
from datetime import UTC, datetime

from esa_auth.envelope.stamp import DAY, Parts
from esa_auth.model.facts import Instant

# The same day of the next year is further away than this, whatever its zone does.
_SURELY_LATEST = 364 * DAY
# 29 February is away for at most so many years.
_LEAP = 8
_Read = Callable[[datetime], Instant]


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

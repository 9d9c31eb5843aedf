"""The time of a line: stamp text -> instant in UTC.

Native stamps have no zone, BSD stamps no year either. The zone is the file header's
offset (local = UTC + offset), else the zone configured for the appliance, else UTC. The
year of a BSD stamp is the one that brings it nearest to the line before it; of the
first line, the latest that is not in the future.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from esa_auth.facts import Instant

_NAMES = "JanFebMarAprMayJunJulAugSepOctNovDec"
_MONTHS = {_NAMES[i : i + 3]: i // 3 + 1 for i in range(0, 36, 3)}
_LOCAL = re.compile(
    r"(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) {1,2}([0-9]{1,2}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?: ([0-9]{4}))?"
)
_RFC3339 = re.compile(
    r"([0-9-]{10})[T ]([0-9:]{8})(?:[.,]([0-9]{1,9}))?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
# BSD stamps as collectors write them on request: the year in any place, a fraction.
_ODD = re.compile(
    r"(?:([0-9]{4}) |[A-Z][a-z]{2} )?([A-Z][a-z]{2} {1,2}[0-9]{1,2}) "
    r"(?:([0-9]{4}) )?([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?(?: ([0-9]{4}))?"
)
# So much a line may be late; what is further back is the hour that comes again.
_LATE = 300
_DAY = 86_400
# The same day of another year is further away than this, whatever its zone does.
_SURELY_NEAREST = 150 * _DAY
# Month, day, hour, minute, second.
_Parts: TypeAlias = tuple[int, int, int, int, int]


class Clock:
    """The clock of one appliance, as its lines tell it."""

    def __init__(self, zone: str | None, reference: int) -> None:
        """Take the configured zone's name and a time near the first line (epoch s)."""
        self._zone = ZoneInfo(zone) if zone else None
        self._zone_name = zone
        self._offset: int | None = None
        self._last = reference
        # A time that the next stamp without year is before; None: it is near the last.
        self._anchor: int | None = reference
        self._started = False
        self._stamp: str | None = None
        self._instant: Instant | None = None

    @property
    def now(self) -> int:
        """Time of the line read last, epoch seconds."""
        return self._last

    @property
    def started(self) -> bool:
        """Whether a line was read at all."""
        return self._started

    def anchor(self, reference: int) -> None:
        """Take the next stamp without year as of the year before ``reference``."""
        self._anchor = reference
        self._stamp = None

    def set_offset(self, seconds: int) -> None:
        """Take ``Time offset from UTC`` of a file header."""
        self._offset = seconds
        self._stamp = None

    def resolve(self, stamp: str) -> Instant | None:
        """Return the instant of ``stamp``, or None if it is no time."""
        if stamp == self._stamp:
            return self._instant
        try:
            instant = self._read(stamp)
        except (ValueError, OverflowError):
            return None
        self._stamp, self._instant, self._last = stamp, instant, instant.epoch
        self._started, self._anchor = True, None
        return instant

    def snapshot(self) -> dict[str, int | None]:
        """Return what a restart needs: the header's offset and the last time."""
        return {
            "offset": self._offset,
            "last": self._last if self._started else None,
        }

    def restore(self, saved: dict[str, int | None]) -> None:
        """Take up a snapshot."""
        self._offset = saved["offset"]
        if saved["last"] is not None:
            self._last, self._started, self._anchor = saved["last"], True, None
        self._stamp = None

    def _read(self, stamp: str) -> Instant:
        if (local := _local_parts(stamp)) is not None:
            year, parts = local
            if year is not None:
                return self._local(datetime(year, *parts))  # noqa: DTZ001
            return self._nearest_year(parts)
        if match := _RFC3339.fullmatch(stamp):
            return self._rfc3339(*match.groups())
        if match := _ODD.fullmatch(stamp):
            first, day, middle, time, fraction, last = match.groups()
            dated = first or middle or last or ""
            instant = self._read(f"{day} {time} {dated}".rstrip())
            return _with_fraction(instant, fraction)
        raise ValueError(stamp)

    def _nearest_year(self, parts: _Parts) -> Instant:
        near = self._last if self._anchor is None else self._anchor
        year = datetime.fromtimestamp(near, UTC).year
        if self._anchor is None:
            same = self._of_year(year, parts)
            if same is not None and abs(same.epoch - near) <= _SURELY_NEAREST:
                return same
        found = [
            instant
            for candidate in (year - 1, year, year + 1)
            if (instant := self._of_year(candidate, parts)) is not None
        ]
        if not found:
            raise ValueError(parts)
        if self._anchor is None:
            return min(found, key=lambda i: abs(i.epoch - near))
        # A day of grace, for clocks and zones that differ.
        past = [i for i in found if i.epoch <= near + _DAY]
        return past[-1] if past else found[0]

    def _of_year(self, year: int, parts: _Parts) -> Instant | None:
        try:
            local = datetime(year, *parts)  # noqa: DTZ001
        except ValueError:  # 29 February of a common year
            return None
        return self._local(local)

    def _rfc3339(
        self, date: str, time: str, fraction: str | None, zone: str | None
    ) -> Instant:
        local = datetime.fromisoformat(f"{date} {time}")
        if zone is None:
            instant = self._local(local)
        else:
            fixed = datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo or UTC
            instant = _instant(local, fixed, _zone_text(fixed, local))
        return _with_fraction(instant, fraction)

    def _local(self, local: datetime) -> Instant:
        if self._offset is not None:
            fixed = timezone(timedelta(seconds=self._offset))
            found = _instant(local, fixed, _zone_text(fixed, local))
            if self._zone and local.replace(tzinfo=self._zone).utcoffset() != (
                fixed.utcoffset(None)
            ):
                # The offset is written once a file; a file that spans a DST change
                # may keep the old one until it is rolled over.
                return found._replace(flags=("zone_conflict",))
            return found
        if self._zone is None or self._zone_name is None:
            return _instant(local, UTC, "UTC")
        return self._zoned(local, self._zone, self._zone_name)

    def _zoned(self, local: datetime, zone: ZoneInfo, name: str) -> Instant:
        first = _instant(local, zone, name)
        second = _instant(local, zone, name, fold=1)
        if first.epoch == second.epoch:
            return first
        if first.epoch > second.epoch:
            return first._replace(flags=("nonexistent_time",))
        # The hour that comes twice: the second one if the first would go backwards.
        chosen = second if self._last > first.epoch + _LATE else first
        return chosen._replace(flags=("ambiguous_time",))


def _with_fraction(instant: Instant, fraction: str | None) -> Instant:
    millis = int((fraction or "0").ljust(3, "0")[:3])
    return instant._replace(iso=f"{instant.iso[:-4]}{millis:03d}Z")


@lru_cache(maxsize=64)
def _local_parts(stamp: str) -> tuple[int | None, _Parts] | None:
    """Return the year of a stamp without zone, and the rest; None: it is no such."""
    match = _LOCAL.fullmatch(stamp)
    if match is None:
        return None
    month, day, hour, minute, second, year = match.groups()
    # AsyncOS was not seen to write a leap second; clamp rather than lose it.
    seconds = min(int(second), 59)
    parts = _MONTHS.get(month, 0), int(day), int(hour), int(minute), seconds
    return int(year) if year else None, parts


# Appliances of one zone write the same seconds.
@lru_cache(maxsize=1024)
def _instant(local: datetime, zone: tzinfo, name: str, fold: int = 0) -> Instant:
    # `fold` has a place of its own, for times that differ in it alone are equal.
    utc = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    iso = utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    return Instant(int(utc.timestamp()), iso, name)


def _zone_text(zone: tzinfo, local: datetime) -> str:
    seconds = int((zone.utcoffset(local) or timedelta()).total_seconds())
    if seconds == 0:
        return "UTC"
    sign, rest = ("-" if seconds < 0 else "+"), abs(seconds)
    text = f"{sign}{rest // 3600:02d}:{rest % 3600 // 60:02d}"
    return text + (f":{rest % 60:02d}" if rest % 60 else "")

"""Local time -> an instant, by the zone of an appliance."""

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from esa_auth.envelope.stamp import (
    DAY,
    instant_of,
    is_native,
    with_fraction,
    zone_text,
)
from esa_auth.model.facts import Instant

# So much a line may be late; what is further back is the hour that comes again. What is
# a day back says nothing of it.
_LATE = 300


class Zone:
    """The offset of a file header, else the configured zone, else UTC."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        self._zone = ZoneInfo(name) if name else None
        self.offset: int | None = None
        self.assumed_utc = 0

    def rfc3339(self, stamp: str, found: re.Match[str], last: int) -> Instant:
        """Return the instant of a stamp that `stamp.RFC3339` ``found``."""
        date, time, fraction, zone = found.groups()
        # A leap second, clamped as in `local_parts`.
        clock = f"{time[:6]}59" if time[6:] == "60" else time
        local = datetime.fromisoformat(f"{date} {clock}")
        if zone is None:
            instant = self.local(local, stamp, last)
        else:
            fixed = datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo or UTC
            instant = instant_of(local, fixed, zone_text(fixed, local))
        return with_fraction(instant, fraction)

    def local(self, local: datetime, stamp: str, last: int) -> Instant:
        """Return the instant of a local time; ``last`` is that of the line before."""
        if self.offset is not None:
            fixed = timezone(timedelta(seconds=self.offset))
            found = instant_of(local, fixed, zone_text(fixed, local))
            if self._zone and local.replace(tzinfo=self._zone).utcoffset() != (
                fixed.utcoffset(None)
            ):
                # The offset is written once a file; a file that spans a DST change
                # may keep the old one until it is rolled over.
                return found._replace(flags=("zone_conflict",))
            return found
        if self._zone is None or self.name is None:
            found = instant_of(local, UTC, "UTC")
            if is_native(stamp):
                # The file has its offset in the header, if at all.
                return found
            self.assumed_utc += 1
            return found._replace(flags=("assumed_utc",))
        return _zoned(local, self._zone, self.name, last)


def _zoned(local: datetime, zone: ZoneInfo, name: str, last: int) -> Instant:
    first = instant_of(local, zone, name)
    second = instant_of(local, zone, name, fold=1)
    if first.epoch == second.epoch:
        return first
    if first.epoch > second.epoch:
        return first._replace(flags=("nonexistent_time",))
    # The hour that comes twice: the second one if the first would go backwards.
    chosen = second if _LATE < last - first.epoch <= DAY else first
    return chosen._replace(flags=("ambiguous_time",))

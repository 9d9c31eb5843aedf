"""The time of a line: stamp text -> instant in UTC, and whether it is to be believed.

Native stamps have no zone, BSD stamps no year either. The zone is the file header's
offset (local = UTC + offset), else the zone configured for the appliance, else UTC;
that of a syslog stamp is then flagged `assumed_utc`.

The year of a BSD stamp never comes from another line:

- the receiver wrote a date around the line: the year that brings the stamp nearest;
- live (`filter`, `tail`, `stream`): the latest year that is not more than a day ahead
  of the wall clock. While the wall clock is evidently unset (before 2024), the
  appliance's clock stands in if that is later; if there is none, `implausible_time`;
- an archive: the latest year not more than a day after the file was last written.

The clock of an appliance is the time of its last line that was plausible. A line within
a day of it always is, except live, where a line more than a day ahead of the wall clock
never is. Of the others, live:

1. within a day of the wall clock: plausible, wherever the clock was;
2. older, and the clock is within a day of the wall clock: implausible. So no number of
   forged lines moves the clock of an appliance whose own lines arrive;
3. older, and so is the clock (an old file is read): plausible if it is later than the
   clock; if it is earlier, from the 16th line on of those that come one after the other
   and lie within a day of each other.

In an archive only what follows can tell: lines a day or more away from the clock are
put off until one is near it again (then they were implausible), or there are 16 of them
or the file ends (then they are read as they stand; at the end of a file not those that
are earlier than the clock).

An implausible line is flagged `implausible_time`. It is read on its own: it moves
neither this clock nor what is held of any session, and it takes nothing from them.
"""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from esa_auth.envelope.stamp import (
    RFC3339,
    Parts,
    instant_of,
    is_native,
    local_parts,
    noon_of,
    zone_text,
)
from esa_auth.facts import Instant

# So much a line may be late; what is further back is the hour that comes again.
_LATE = 300
_DAY = 86_400
_FUTURE = 300
# 2024-01-01: a wall clock that is before it was never set.
_EARLIEST = 1_704_067_200
# The same day of the next year is further away than this, whatever its zone does.
_SURELY_LATEST = 364 * _DAY
# 29 February is away for at most so many years.
_LEAP = 8
# So many lines that agree are no accident.
MOST_ODD = 16


class Present:
    """The wall clock, epoch seconds, in live modes; set by the caller at each block."""

    __slots__ = ("now",)

    def __init__(self, now: int) -> None:
        self.now = now

    @property
    def is_set(self) -> bool:
        """Whether it shows a time that it can be."""
        return self.now >= _EARLIEST


class Clock:
    """The clock of one appliance, as its lines tell it."""

    def __init__(
        self, zone: str | None, reference: int, present: Present | None = None
    ) -> None:
        """Take the configured zone's name and when the file was written (epoch s).

        With ``present`` lines are read as they come, and ``reference`` is not used.
        """
        self._zone = ZoneInfo(zone) if zone else None
        self._zone_name = zone
        self._offset: int | None = None
        self._reference = reference
        self._present = present
        self._last = reference
        self._started = False
        self._read_as: tuple[str, str | None] | None = None
        self._instant: Instant | None = None
        # Lines in a row that agree with each other and not with the clock.
        self._odd = self._odd_at = 0
        # For one implausible line.
        self.odd_one = False
        # Takes whatever comes for plausible.
        self.trusting = False
        self.assumed_utc = 0
        self.future = 0

    @property
    def now(self) -> int:
        """Time of the last plausible line, epoch seconds."""
        return self._last

    @property
    def started(self) -> bool:
        """Whether a plausible line was read at all."""
        return self._started

    @property
    def live(self) -> bool:
        """Whether lines are read as they come."""
        return self._present is not None

    def anchor(self, reference: int) -> None:
        """Take ``reference`` as the time at which the next lines' file was written."""
        self._reference = reference
        self._read_as = None

    def set_offset(self, seconds: int) -> None:
        """Take ``Time offset from UTC`` of a file header."""
        self._offset = seconds
        self._read_as = None

    def resolve(self, stamp: str, around: str | None = None) -> Instant | None:
        """Return the instant of ``stamp``, or None if it is no time.

        ``around`` is the date on which a receiver wrote down the line, if it did.
        """
        if (stamp, around) == self._read_as:
            return self._instant
        try:
            instant = self._read(stamp, around)
        except (ValueError, OverflowError):
            return None
        present = self._present
        if present and present.is_set and instant.epoch > present.now + _FUTURE:
            self.future += 1
            instant = instant._replace(flags=(*instant.flags, "future_time"))
        if self.odd_one and "implausible_time" not in instant.flags:
            instant = instant._replace(flags=(*instant.flags, "implausible_time"))
        self._read_as, self._instant = (stamp, around), instant
        return instant

    def follow(self, instant: Instant) -> bool:
        """Move to ``instant``; return False, and stay, if that is implausible."""
        at = instant.epoch
        if not (self.trusting or self._is_plausible(at)):
            return False
        self._last, self._started, self._odd = at, True, 0
        return True

    def apart(self) -> "Clock":
        """Return a clock for one implausible line, which leaves this one alone."""
        clock = Clock(self._zone_name, self._reference, self._present)
        clock._offset, clock._last = self._offset, self._last
        clock.odd_one = clock.trusting = True
        return clock

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
            self._last, self._started = saved["last"], True
        self._read_as = None

    def recall(self, offset: int | None, last: int | None, implausible: bool) -> None:
        """Read one line again, as the clock did that was at ``last`` after it."""
        self._offset = offset
        if last is not None:
            self._reference, self._last, self._started = last, last, True
        self.odd_one, self.trusting = implausible, True

    def _is_plausible(self, at: int) -> bool:
        present = self._present
        if present is None:
            return not self._started or abs(at - self._last) <= _DAY
        now, is_set = present.now, present.is_set
        if is_set and at >= now - _DAY:
            return at <= now + _DAY
        if not self._started or (is_set and self._last > now + _DAY):
            return True
        if abs(at - self._last) <= _DAY:
            return True
        if is_set and self._last >= now - _DAY:
            return False
        return at > self._last or self._agrees(at)

    def _agrees(self, at: int) -> bool:
        self._odd = self._odd + 1 if abs(at - self._odd_at) <= _DAY else 1
        self._odd_at = at
        return self._odd >= MOST_ODD

    def _read(self, stamp: str, around: str | None) -> Instant:
        if (local := local_parts(stamp)) is not None:
            year, parts = local
            if year is not None:
                return self._local(datetime(year, *parts), stamp)  # noqa: DTZ001
            return self._of_some_year(parts, stamp, around)
        if match := RFC3339.fullmatch(stamp):
            return self._rfc3339(stamp, *match.groups())
        raise ValueError(stamp)

    def _of_some_year(self, parts: Parts, stamp: str, around: str | None) -> Instant:
        day = noon_of(around)
        if day is not None:
            found = self._of_years(day, parts, stamp)
            return min(found, key=lambda i: abs(i.epoch - day))
        reference = self._reference
        if self._present:
            reference = self._present.now
            if not self._present.is_set and self._started:
                reference = max(reference, self._last)
        instant = self._latest(reference, parts, stamp)
        if self._present and reference < _EARLIEST:
            return instant._replace(flags=(*instant.flags, "implausible_time"))
        return instant

    def _latest(self, reference: int, parts: Parts, stamp: str) -> Instant:
        # A day of grace, for clocks and zones that differ.
        until = reference + _DAY
        year = datetime.fromtimestamp(reference, UTC).year
        same = self._of_year(year, parts, stamp)
        if same is not None and same.epoch <= until < same.epoch + _SURELY_LATEST:
            return same
        found = self._of_years(reference, parts, stamp)
        past = [i for i in found if i.epoch <= until]
        return past[-1] if past else found[0]

    def _of_years(self, near: int, parts: Parts, stamp: str) -> list[Instant]:
        year = datetime.fromtimestamp(near, UTC).year
        back = _LEAP if parts[:2] == (2, 29) else 1
        found = [
            instant
            for candidate in range(year - back, year + 2)
            if (instant := self._of_year(candidate, parts, stamp)) is not None
        ]
        if not found:
            raise ValueError(parts)
        return found

    def _of_year(self, year: int, parts: Parts, stamp: str) -> Instant | None:
        try:
            local = datetime(year, *parts)  # noqa: DTZ001
        except ValueError:  # 29 February of a common year
            return None
        return self._local(local, stamp)

    def _rfc3339(
        self, stamp: str, date: str, time: str, fraction: str | None, zone: str | None
    ) -> Instant:
        # A leap second, clamped as in `local_parts`.
        clock = f"{time[:6]}59" if time[6:] == "60" else time
        local = datetime.fromisoformat(f"{date} {clock}")
        millis = int((fraction or "0").ljust(3, "0")[:3])
        if zone is None:
            instant = self._local(local, stamp)
        else:
            fixed = datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").tzinfo or UTC
            instant = instant_of(local, fixed, zone_text(fixed, local))
        return instant._replace(iso=f"{instant.iso[:-4]}{millis:03d}Z")

    def _local(self, local: datetime, stamp: str) -> Instant:
        if self._offset is not None:
            fixed = timezone(timedelta(seconds=self._offset))
            found = instant_of(local, fixed, zone_text(fixed, local))
            if self._zone and local.replace(tzinfo=self._zone).utcoffset() != (
                fixed.utcoffset(None)
            ):
                # The offset is written once a file; a file that spans a DST change
                # may keep the old one until it is rolled over.
                return found._replace(flags=("zone_conflict",))
            return found
        if self._zone is None or self._zone_name is None:
            found = instant_of(local, UTC, "UTC")
            if is_native(stamp):
                # A native stamp: the file has its offset in the header, if at all.
                return found
            self.assumed_utc += 1
            return found._replace(flags=("assumed_utc",))
        return self._zoned(local, self._zone, self._zone_name)

    def _zoned(self, local: datetime, zone: ZoneInfo, name: str) -> Instant:
        first = instant_of(local, zone, name)
        second = instant_of(local, zone, name, fold=1)
        if first.epoch == second.epoch:
            return first
        if first.epoch > second.epoch:
            return first._replace(flags=("nonexistent_time",))
        # The hour that comes twice: the second one if the first would go backwards.
        chosen = second if self._last > first.epoch + _LATE else first
        return chosen._replace(flags=("ambiguous_time",))

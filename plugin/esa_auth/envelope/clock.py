"""The time of a line: stamp text -> instant in UTC, and whether it is to be believed.

Native stamps have no zone, BSD stamps no year either. The zone is the file header's
offset (local = UTC + offset), else the zone configured for the appliance, else UTC;
that of a syslog stamp is then flagged `assumed_utc`.

The year of a BSD stamp never comes from another line:

- the receiver wrote a date around the line: the latest year that is not more than a
  day after the end of that date;
- live (`filter`, `tail`, `stream`): the latest year that is not more than a day ahead
  of the wall clock. While that is evidently unset (before 2024), the year in which it
  is nearest to the appliance's clock; if there is none, `implausible_time`;
- an archive: the latest year not more than a day after the file was last written.

The clock of an appliance is the time of its last line that was plausible. A line within
a day of it always is, except live, where a line more than a day ahead of the wall clock
never is. Of the others, live:

1. within a day of the wall clock: plausible, wherever the clock was;
2. older, but within a day of where the clock was before a step of more than a day, and
   fewer than 16 lines since: plausible (the step was odd, or two streams are mixed);
3. older, and the clock is within a day of the wall clock: implausible. So no number of
   forged lines moves the clock of an appliance whose own lines arrive;
4. older, and so is the clock (an old file is read): plausible if it is later than the
   clock; if it is earlier, from the 16th line on of those that come one after the other
   and lie within a day of each other.

In an archive only what follows can tell: lines a day or more away from the clock are
put off until one is near it again (then they were implausible), or there are 16 of them
or the file ends (then they are read as they stand; at the end of a file not those that
are earlier than the clock, unless that shows the time of one line and they agree).

An implausible line is flagged `implausible_time`. It is read on its own: it moves
neither this clock nor what is held of any session, and it takes nothing from them.
"""

from datetime import datetime

from esa_auth.envelope.stamp import (
    DAY,
    ODD_BSD,
    RFC3339,
    Parts,
    latest,
    local_parts,
    noon_of,
    with_fraction,
)
from esa_auth.envelope.zone import Zone
from esa_auth.model.facts import Instant

_HOUR = 3_600
_HALF_A_YEAR = 180 * DAY
# A clock that goes on by no more is followed without a question.
FUTURE = 300
# 2024-01-01: a wall clock that is before it was never set.
_EARLIEST = 1_704_067_200
# So many lines that agree are no accident.
MOST_ODD = 16


class Present:
    """The wall clock, epoch seconds, in live modes; set by the caller at each block."""

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
        self.zone = Zone(zone)
        self._reference, self._present = reference, present
        self._last = self._steady = reference
        self._ahead, self._started = 0, False
        self._read_as: tuple[str, str | None, int] | None = None
        self._instant: Instant | None = None
        # Lines in a row that agree with each other and not with the clock.
        self._odd = self._odd_at = 0
        # For one implausible line; and takes whatever comes for plausible.
        self.odd_one = self.trusting = False
        self.future = 0
        # Lines that followed since it was set or stepped by a day, up to `MOST_ODD`;
        # and where it was before the step, if it had been followed so far there.
        self._followed = 0
        self._before: int | None = None

    @property
    def now(self) -> int:
        """Time of the last plausible line, epoch seconds."""
        return self._last

    @property
    def steady(self) -> int:
        """Like `now`, but an hour's jump counts only with the 16th stamp in a row.

        What is dropped for its age in passing is so by this time: a line that is not a
        day away may be forged as well.
        """
        return self._steady

    @property
    def started(self) -> bool:
        """Whether a plausible line was read at all."""
        return self._started

    @property
    def alone(self) -> bool:
        """Whether all that is near to it is of the second that it shows."""
        return not self._followed

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
        self.zone.offset = seconds
        self._read_as = None

    def resolve(
        self, stamp: str, around: str | None = None, *, foreseen: bool = False
    ) -> Instant | None:
        """Return the instant of ``stamp``, or None if it is no time.

        ``around`` is the date on which a receiver wrote down the line, if it did. No
        line has a stamp that is only ``foreseen``.
        """
        present = self._present
        read_as = (stamp, around, present.now if present else 0)
        if read_as == self._read_as:
            return self._instant
        try:
            instant = self._read(stamp, around)
        except (ValueError, OverflowError):
            return None
        if present and present.is_set and instant.epoch > present.now + FUTURE:
            self.future += 1
            instant = instant._replace(flags=(*instant.flags, "future_time"))
        if self.odd_one and "implausible_time" not in instant.flags:
            instant = instant._replace(flags=(*instant.flags, "implausible_time"))
        if not foreseen:
            self._read_as, self._instant = read_as, instant
        return instant

    def follow(self, instant: Instant) -> bool:
        """Move to ``instant``; return False, and stay, if that is implausible."""
        at = instant.epoch
        present = self._present
        if (
            0 <= at - self._last <= FUTURE
            and self._followed == MOST_ODD
            and not self._ahead
            and (present is None or at <= present.now)
        ):
            # Nearly always: a moment later than the line before it.
            self._last = self._steady = at
            self._odd = 0
            return True
        if not (self.trusting or self._is_plausible(at)):
            return False
        # After a restart a second may go on: it counts once.
        if at != self._last or not self._started:
            self._step(at)
        self._last, self._started, self._odd = at, True, 0
        return True

    def apart(self) -> "Clock":
        """Return a clock for one implausible line, which leaves this one alone."""
        clock = Clock(self.zone.name, self._reference, self._present)
        clock.zone.offset, clock._last = self.zone.offset, self._last
        clock._started, clock._steady = self._started, self._steady
        clock.odd_one = clock.trusting = True
        return clock

    def snapshot(self) -> dict[str, int | None]:
        """Return what a restart needs: the header's offset and the last times."""
        return {
            "offset": self.zone.offset,
            "last": self._last if self._started else None,
            "steady": self._steady,
            "ahead": self._ahead,
            "followed": self._followed,
            "before": self._before,
            "odd": self._odd,
            "odd_at": self._odd_at,
        }

    def restore(self, saved: dict[str, int | None]) -> None:
        """Take up a snapshot."""
        self.zone.offset = saved["offset"]
        if saved["last"] is not None:
            self._last, self._started = saved["last"], True
            # Of a state that an earlier version wrote they are missing.
            self._steady = saved.get("steady") or self._last
            self._ahead = saved.get("ahead") or 0
            followed = saved.get("followed")
            self._followed = MOST_ODD if followed is None else followed
            self._before = saved.get("before")
            self._odd, self._odd_at = saved.get("odd") or 0, saved.get("odd_at") or 0
        self._read_as = None

    def recall(self, offset: int | None, last: int | None, implausible: bool) -> None:
        """Read one line again, as the clock did that was at ``last`` after it."""
        self.zone.offset = offset
        if last is not None:
            self._reference, self._last, self._started = last, last, True
        self.odd_one, self.trusting = implausible, True

    def _step(self, at: int) -> None:
        self._ahead += 1
        near = not self._started or abs(at - self._steady) <= _HOUR
        if near or self._ahead >= MOST_ODD:
            self._steady, self._ahead = at, 0
        if self._started and abs(at - self._last) <= DAY:
            self._followed = min(MOST_ODD, self._followed + 1)
            if self._followed == MOST_ODD:
                self._before = None
        elif self._was_near(at):
            self._followed, self._before = MOST_ODD, None
        else:
            if self._followed == MOST_ODD:
                self._before = self._last
            self._followed = 0

    def _was_near(self, at: int) -> bool:
        return self._before is not None and abs(at - self._before) <= DAY

    def _is_plausible(self, at: int) -> bool:
        present = self._present
        if present is None:
            return not self._started or abs(at - self._last) <= DAY
        now, is_set = present.now, present.is_set
        if is_set and at >= now - DAY:
            return at <= now + DAY
        if not self._started or (is_set and self._last > now + DAY):
            return True
        if abs(at - self._last) <= DAY or self._was_near(at):
            return True
        if is_set and self._last >= now - DAY:
            return False
        return at > self._last or self._agrees(at)

    def _agrees(self, at: int) -> bool:
        self._odd = self._odd + 1 if abs(at - self._odd_at) <= DAY else 1
        self._odd_at = at
        return self._odd >= MOST_ODD

    def _read(self, stamp: str, around: str | None) -> Instant:
        if (local := local_parts(stamp)) is not None:
            year, parts = local
            if year is not None:
                return self.zone.local(datetime(year, *parts), stamp, self._last)  # noqa: DTZ001
            return self._of_some_year(parts, stamp, around)
        if match := RFC3339.fullmatch(stamp):
            return self.zone.rfc3339(stamp, match, self._last)
        if match := ODD_BSD.fullmatch(stamp):
            first, day, middle, time, fraction, last = match.groups()
            dated = first or middle or last or ""
            instant = self._read(f"{day} {time} {dated}".rstrip(), around)
            return with_fraction(instant, fraction)
        raise ValueError(stamp)

    def _of_some_year(self, parts: Parts, stamp: str, around: str | None) -> Instant:
        day = noon_of(around)
        if day is not None:
            return self._latest(day + DAY // 2, parts, stamp)
        reference = self._reference
        if self._present:
            reference = self._present.now
            if not self._present.is_set and self._started:
                reference = self._steady + _HALF_A_YEAR
        instant = self._latest(reference, parts, stamp)
        if self._present and reference < _EARLIEST:
            return instant._replace(flags=(*instant.flags, "implausible_time"))
        return instant

    def _latest(self, reference: int, parts: Parts, stamp: str) -> Instant:
        return latest(
            reference, parts, lambda local: self.zone.local(local, stamp, self._last)
        )

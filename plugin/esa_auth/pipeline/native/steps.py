"""How far native code may move the clock of an appliance by itself."""

import re

from esa_auth.envelope import FUTURE, MOST_ODD, Present
from esa_auth.pipeline.appliance import Appliance

NO_STEPS = (0, 0)
_MINUTES = re.compile("[0-9]{2}:([0-9]{2}:[0-9]{2})")
# Where they are, with the seconds, in "2026-07-01T00:00:00.000Z".
OF_INSTANT = slice(14, 19)
# Since then no zone changed its offset but at a whole minute: epoch s of 2000-01-01.
_WHOLE_MINUTES = 946_684_800


def steps_of(
    appliance: Appliance, head: bytes, present: Present | None
) -> tuple[int, int]:
    """Return where minutes and seconds stand in ``head``, and how far these may go on.

    So many seconds, within the hour, a line with the same head but for these is as much
    later as they say, and the clock does no more than follow it.
    """
    envelope, instant, clock = appliance.head, appliance.instant, appliance.clock
    if envelope is None or instant is None or not envelope.stamp:
        return NO_STEPS
    stamp = envelope.stamp
    found, own = _MINUTES.search(stamp), stamp.encode()
    state = clock.snapshot()
    moved = (state["last"], state["steady"], state["ahead"], state["followed"])
    if (
        found is None
        or instant.flags
        or instant.epoch < _WHOLE_MINUTES
        or head.count(own) != 1
        or moved != (instant.epoch, instant.epoch, 0, MOST_ODD)
    ):
        return NO_STEPS
    first, of_instant = _seconds(found[1]), _seconds(instant.iso[OF_INSTANT])
    most = min(FUTURE, 3_599 - max(first, of_instant))
    if present is not None:
        most = min(most, present.now - instant.epoch)
    if most <= 0:
        return NO_STEPS
    later = stamp[: found.start(1)] + _text(first + most) + stamp[found.end(1) :]
    # No flag comes in between, so the year and the offset stay.
    last = clock.resolve(later, envelope.around, foreseen=True)
    ends = OF_INSTANT.start, OF_INSTANT.stop
    iso = instant.iso[: ends[0]] + _text(of_instant + most) + instant.iso[ends[1] :]
    if last != instant._replace(epoch=instant.epoch + most, iso=iso):
        return NO_STEPS
    return head.index(own) + found.start(1), most


def _seconds(text: str) -> int:
    """Return the seconds since the hour that "59:59" says."""
    minutes, _, seconds = text.partition(":")
    return 60 * int(minutes) + int(seconds)


def _text(seconds: int) -> str:
    return f"{seconds // 60:02d}:{seconds % 60:02d}"

"""How far native code may move the clock of an appliance by itself."""

import re

from esa_auth.envelope import MOST_ODD, Present
from esa_auth.pipeline.appliance import Appliance

NO_STEPS = (0, 0)
_SECONDS = re.compile("[0-9]{2}:[0-9]{2}:([0-9]{2})")
# Where they are in "2026-07-01T00:00:00.000Z".
_OF_INSTANT = slice(17, 19)
# Since then no zone changed its offset but at a whole minute: epoch s of 2000-01-01.
_WHOLE_MINUTES = 946_684_800


def steps_of(
    appliance: Appliance, head: bytes, present: Present | None
) -> tuple[int, int]:
    """Return where the seconds stand in ``head``, and how many more there may be.

    So far a line with the same head but for these is as much later as they say, and
    the clock does no more than follow it.
    """
    envelope, instant, clock = appliance.head, appliance.instant, appliance.clock
    if envelope is None or instant is None or not envelope.stamp:
        return NO_STEPS
    stamp = envelope.stamp
    found, own = _SECONDS.search(stamp), stamp.encode()
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
    first, of_instant = int(found[1]), int(instant.iso[_OF_INSTANT])
    most = 59 - max(first, of_instant)
    if present is not None:
        most = min(most, present.now - instant.epoch)
    if most <= 0:
        return NO_STEPS
    later = f"{stamp[: found.start(1)]}{first + most:02d}{stamp[found.end(1) :]}"
    # No flag comes in between, so the year and the offset stay.
    last = clock.resolve(later, envelope.around)
    iso = f"{instant.iso[:17]}{of_instant + most:02d}{instant.iso[19:]}"
    if last != instant._replace(epoch=instant.epoch + most, iso=iso):
        return NO_STEPS
    return head.index(own) + found.start(1), most

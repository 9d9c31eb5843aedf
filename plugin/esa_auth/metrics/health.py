"""Is it well? Pure: what is read goes in, reasons come out."""

from esa_auth.metrics.readings import Readings

# A delivery of one block takes milliseconds; so long it waits for somebody.
BLOCKED_AFTER = 30.0
# There are bytes to read, and no line has come of them.
BEHIND_AFTER = 60.0
# Of fewer lines a share says nothing.
_SHARE_OF = 100
_MOST_UNKNOWN = 0.5


def complaints(readings: Readings, stalled_after: float | None) -> list[str]:
    """Return why it is not well, one reason each; nothing if it is.

    ``stalled_after`` is the seconds without a line that are too many; None: any number
    is fine, for an appliance that may be quiet.
    """
    beat = readings.beat()
    found = []
    if readings.output and (trouble := readings.output().trouble):
        found.append(f"sink down: {trouble}")
    if beat.busy is not None and beat.busy >= BLOCKED_AFTER:
        what = f"{beat.waiting} events" if beat.waiting else "what was refused"
        found.append(f"output blocked: {what} not taken for {beat.busy:.0f} s")
    if beat.recent >= _SHARE_OF and beat.unknown > _MOST_UNKNOWN * beat.recent:
        found.append(f"input not understood: {heads(readings)}")
    if beat.busy is not None:
        return found
    unread = readings.unread() if readings.unread else 0
    if unread and beat.silent >= BEHIND_AFTER:
        found.append(
            f"input stalled: {unread} bytes to read, no line for {beat.silent:.0f} s"
        )
    elif stalled_after is not None and beat.silent >= stalled_after:
        found.append(f"input stalled: no line for {beat.silent:.0f} s")
    return found


def notes(readings: Readings) -> list[str]:
    """Return what is to be known of it though it is well."""
    beat = readings.beat()
    found = [heads(readings)] if beat.recent else []
    if held := beat.counters.held:
        found.append(f"{held} lines are read and wait for others")
    return found


def heads(readings: Readings) -> str:
    """Return how many of the last lines have a head that no framing reads."""
    beat = readings.beat()
    share = beat.unknown / beat.recent if beat.recent else 0.0
    return f"{share:.1%} of the last {beat.recent} lines have an unknown head"

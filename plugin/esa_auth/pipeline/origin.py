"""The first lines of a file -> whose it is and when it begins. No I/O."""

from collections.abc import Iterable
from typing import NamedTuple

from esa_auth import grammar
from esa_auth.envelope import Clock, read_prefix
from esa_auth.model.facts import LogOffset, LogVersion

# A native file opens with three lines of header.
_HEADER_LINES = 8


class Origin(NamedTuple):
    """What the head of a file says.

    ``serial`` and ``offset`` are those of a native file's header, ``stamp`` that of the
    first line that has one; ``framed`` means that the lines were sent by syslog or in
    records, and ``named`` that they name their appliance.
    """

    serial: str | None = None
    offset: int | None = None
    stamp: str | None = None
    framed: bool = False
    named: bool = False

    def begins(self, zone: str | None, near: int) -> int | None:
        """Return when it begins, epoch seconds; ``near`` gives a missing year."""
        if self.stamp is None:
            return None
        clock = Clock(zone, near)
        if self.offset is not None:
            clock.set_offset(self.offset)
        instant = clock.resolve(self.stamp)
        return None if instant is None else instant.epoch


def origin(lines: Iterable[tuple[bytes, str | None, str | None]]) -> Origin:
    """Read the first lines, each with the host and time that a record gave."""
    found = Origin()
    for number, (raw, host, time) in enumerate(lines):
        prefix = read_prefix(raw)
        stamp = prefix.stamp or time
        if found.stamp is None and stamp is not None:
            sent = prefix.host or prefix.program or prefix.priority is not None
            found = found._replace(
                stamp=stamp,
                framed=bool(host or sent),
                named=bool(host or prefix.host),
            )
        if found.framed or number >= _HEADER_LINES:
            break
        fact = grammar.read(raw[prefix.body_at :].decode("utf-8", "backslashreplace"))
        if isinstance(fact, LogVersion) and found.serial is None:
            found = found._replace(serial=fact.serial)
        elif isinstance(fact, LogOffset) and found.offset is None:
            found = found._replace(offset=fact.seconds)
    return found

"""A number that is used again: what is said of a session is said by its own opening."""

import re
from collections.abc import Iterator

from esa_auth.envelope import Clock
from tests.fuzz.frames import SETTINGS, Log, Told
from tests.fuzz.oracle import named, prefix_of, text_of, told
from tests.support.harness import Run

_OF_THE_OPENING = (
    ("source", "address"),
    ("destination", "address"),
    ("cisco_esa", "reverse_dns", "name"),
    ("observer", "ingress", "interface", "alias"),
)

# 22 April 2009, noon; the lines that were not changed are of the hour before it.
_BEGIN = 1_240_401_600
_HOURS = 12 * 3600

_PROTOCOL = re.compile(rb"\w+")

# Appliance and number as it is written.
Key = tuple[str, str]


def earlier_fields(log: Log, found: Run) -> Iterator[str]:
    """Yield what attempts in a log of text say that an earlier opening said.

    The latest ``New`` of a number is the session's, whether it can be read or not.
    """
    if log.form != "native":
        return
    for name in {named(line) for line in log.lines}:
        yield from _of_appliance(name, log, found)


def _of_appliance(name: str, log: Log, found: Run) -> Iterator[str]:
    attempts = (
        e
        for e in found.events
        if e["observer"]["name"] == name and e["event"]["action"] != "smtp-session-end"
    )
    event = next(attempts, None)
    openings: dict[Key, str] = {}
    for line in log.lines:
        if named(line) != name:
            continue
        text = text_of(line.raw)
        if (opened := _opened(line)) is not None:
            number, odd = opened
            # An opening of an odd time is that of a session only at a change of time.
            earlier = openings.get((name, number), "") if odd else ""
            openings[name, number] = earlier + text
        if event is None or event["event"]["original"] != text:
            continue
        session = event["cisco_esa"].get("session", {}).get("id", "::")
        opening = openings.get((name, session.rsplit(":", 2)[1]), "")
        for path in _OF_THE_OPENING:
            value = told(event, path) if "ingress" in event["observer"] else None
            if value is not None and value not in opening:
                yield f"{'.'.join(path)} of an earlier session: {event}"
        event = next(attempts, None)
    if event is not None:
        yield f"events in another order than their lines: {event}"


def _opened(line: Told) -> tuple[str, bool] | None:
    """Return the ICID that ``line`` opens, as it is written, and if its time is odd."""
    prefix = prefix_of(line.raw)
    words = line.raw[prefix.body_at :][:40].split(b" ", 4)
    if len(words) < 5 or words[0] != b"New" or words[2] != b"ICID":
        return None
    if not _PROTOCOL.fullmatch(words[1]):
        return None
    clock = Clock(None, SETTINGS.reference)
    instant = prefix.stamp and clock.resolve(prefix.stamp, prefix.around)
    if not instant or not words[3].isdigit():
        return None
    return words[3].decode(), abs(instant.epoch - _BEGIN) > _HOURS

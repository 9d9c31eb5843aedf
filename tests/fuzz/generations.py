"""A number that is used again: what is said of a session is said by its own opening."""

from collections.abc import Iterator

from esa_auth.envelope import Clock
from tests.fuzz.frames import Log, Told
from tests.fuzz.oracle import named, prefix_of, text_of, told
from tests.harness import SETTINGS, Run

_OF_THE_OPENING = (
    ("source", "address"),
    ("destination", "address"),
    ("cisco_esa", "reverse_dns", "name"),
    ("observer", "ingress", "interface", "alias"),
)

# Appliance and number as it is written.
Key = tuple[str, str]


def earlier_fields(log: Log, found: Run) -> Iterator[str]:
    """Yield what attempts in a log of text say that an earlier opening said.

    The latest ``New`` of a number is the session's, whether it can be read or not.
    """
    if log.form != "native":
        return
    attempts = (e for e in found.events if e["event"]["action"] != "smtp-session-end")
    event = next(attempts, None)
    openings: dict[Key, str] = {}
    for line in log.lines:
        text, name = text_of(line.raw), named(line)
        if (number := _opened(line)) is not None:
            openings[name, number] = text
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


def _opened(line: Told) -> str | None:
    """Return the ICID that ``line`` opens, as it is written."""
    prefix = prefix_of(line.raw)
    words = line.raw[prefix.body_at :][:40].split(b" ", 4)
    if len(words) < 5 or words[0] != b"New" or words[2] != b"ICID":
        return None
    clock = Clock(None, SETTINGS.reference)
    if prefix.stamp is None or clock.resolve(prefix.stamp) is None:
        return None
    return words[3].decode() if words[3].isdigit() else None

"""The same lines in other company: what is said of them must stay the same.

A result says of its own line what it says of it alone, and the events of an appliance
are those of a log that holds no line of another.
"""

from collections import defaultdict
from collections.abc import Iterator

from tests.fuzz.frames import SETTINGS, Log, Told
from tests.fuzz.oracle import named, text_of
from tests.support.harness import Event, Run, decode, ended, made

# What a session, a clock and a count have a say in.
_OF_OTHERS = ("source", "client", "destination", "server", "tls", "rule", "tags")
_OF_OTHER_LINES = ("session", "policy", "reverse_dns", "flags")
_NOT_ITS_OWN = ("id", "sequence", "timezone")
_YEAR = len("2009")
# Whether a damaged stamp is one of a native line depends on the years seen before.
_UNREAD = ("unread", "unknown_head")


def changed_fields(log: Log, found: Run) -> Iterator[str]:
    """Yield what the lines of ``log`` say otherwise without the others."""
    by_text: dict[tuple[str, str], Told] = {}
    by_name: dict[str, list[bytes]] = defaultdict(list)
    for line in log.lines:
        name = named(line)
        by_text[name, text_of(line.raw)] = line
        by_name[name].append(line.document)
    for event in found.events:
        said_by = event["observer"]["name"], event["event"].get("original", "")
        if said_by in by_text and event["event"]["action"] != "smtp-session-end":
            alone = _alone(by_text[said_by], event["@timestamp"]).events
            if not alone or _said(alone[0], event) != _said(event, alone[0]):
                yield f"another line has a say in {event}: alone it is {alone}"
    for letter in found.dead:
        written_by = letter["observer"]["name"], letter["event"]["original"]
        if letter["error"]["type"] in _UNREAD and written_by in by_text:
            dead = _alone(by_text[written_by], None).dead
            if len(dead) != 1 or dead[0]["error"]["type"] not in _UNREAD:
                yield f"another line has a say in {letter}"
    for name, documents in by_name.items():
        together = [e for e in found.events if e["observer"]["name"] == name]
        apart = decode([b"".join(documents)], log.form, SETTINGS).events
        if together != [e for e in apart if e["observer"]["name"] == name]:
            yield f"the events of {name!r} are others without other appliances"


def _said(event: Event, other: Event) -> Event:
    """Return what an event's own line says, whatever was read before it.

    Its time is that, but for the year of a stamp without one, if ``other`` is of the
    same zone.
    """
    own = {k: v for k, v in event["cisco_esa"].items() if k not in _OF_OTHER_LINES}
    about = {k: v for k, v in event["event"].items() if k not in _NOT_ITS_OWN}
    observer = {"name": event["observer"]["name"]}
    related = {"user": event["related"].get("user")}
    part = {"event": about, "cisco_esa": own, "observer": observer, "related": related}
    if event["event"]["timezone"] == other["event"]["timezone"]:
        part["@timestamp"] = event["@timestamp"][_YEAR:]
    left = ("@timestamp", "network", *part, *_OF_OTHERS)
    return {k: v for k, v in event.items() if k not in left} | part


def _alone(line: Told, time: str | None) -> Run:
    pipeline = made(SETTINGS)
    # The time that the record around it gave counts if the line has none.
    pipeline.feed_records([(line.raw, line.host, time if line.timed else None)])
    return ended(pipeline)

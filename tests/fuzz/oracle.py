"""No field of an event ever comes from another line or session than it says."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from esa_auth.envelope import end_of, read_prefix, start_of
from tests.fuzz.frames import Told
from tests.support.harness import SETTINGS, Event, Run

_NUMBER = re.compile(rb"([ID])CID:? ([0-9]{1,12})")
# Fields of a session's context: each stands in a line that names that session.
_OF_THE_SESSION = (
    ("source", "address"),
    ("destination", "address"),
    ("tls", "cipher"),
    ("rule", "name"),
    ("cisco_esa", "reverse_dns", "name"),
    ("cisco_esa", "policy", "sender_group"),
    ("cisco_esa", "policy", "country"),
    ("user", "name"),
)
# Fields of an attempt: each stands in the event's own line.
_OF_THE_LINE = (
    ("user", "name"),
    ("cisco_esa", "auth", "mechanism"),
    ("cisco_esa", "auth", "profile"),
    ("cisco_esa", "backend", "address"),
    ("cisco_esa", "admin", "privilege"),
    ("cisco_esa", "admin", "method"),
)
_OUTCOMES = {
    ("smtp", "success"): ("succeeded",),
    ("smtp", "failure"): (" failed",),
    ("admin", "failure"): (
        *(" failed", "Invalid username or passphrase"),
        " has exceeded the limit of login attempts",
    ),
    ("admin", "success"): (
        *("authenticated successfully", "successfully logged on", " logged in to "),
        *("established successfully", "Event: Successful", "Event: API Access Success"),
        *(" login from ", "JWT Token Generated"),
    ),
}
_TAIL = re.compile(r"\S+ with profile:(?: |$)")

Key = tuple[str, bytes, int]


def text_of(line: bytes) -> str:
    """Return a line as its event has it, without what collectors put at its ends."""
    return line[start_of(line) : end_of(line)].decode("utf-8", "backslashreplace")


def told(event: Event, path: Sequence[str]) -> str | None:
    """Return the text at ``path`` of ``event``, or None."""
    value: object = event
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


# Of a log of this size each line is asked for several times.
prefix_of = lru_cache(1 << 10)(read_prefix)


def named(line: Told) -> str:
    """Return the name of the appliance that wrote ``line``."""
    return prefix_of(line.raw).host or line.host or SETTINGS.appliance


def by_session(lines: Iterable[Told]) -> dict[Key, list[str]]:
    """Return the lines that name a session, by appliance, side and number."""
    found: dict[Key, list[str]] = defaultdict(list)
    for line in lines:
        prefix = prefix_of(line.raw)
        if prefix.stamp is None and not line.timed:
            continue
        name = prefix.host or line.host or SETTINGS.appliance
        for side, number in set(_NUMBER.findall(line.raw)):
            found[name, side, int(number)].append(text_of(line.raw))
    return found


def wrong_fields(lines: Sequence[Told], found: Run) -> Iterator[str]:
    """Yield what events of ``lines`` say and no line that they may say it of does."""
    texts = {text_of(line.raw) for line in lines}
    sessions = by_session(lines)
    for event in found.events:
        original = event["event"].get("original")
        if original is not None and original not in texts:
            yield f"a line that was not read: {original!r}"
        own = event["cisco_esa"]
        side = b"I" if "icid" in own else b"D"
        key = (event["observer"]["name"], side, own.get("icid", own.get("dcid")))
        lines_of = sessions.get(key, []) if key[2] is not None else [original or ""]
        for path in _OF_THE_SESSION:
            value = told(event, path)
            if value is not None and not any(value in line for line in lines_of):
                yield f"{'.'.join(path)} of another session: {value!r} in {event}"
        about = event["event"]
        if about["action"] == "smtp-session-end":
            continue
        for path in _OF_THE_LINE:
            value = told(event, path)
            parts = value.rsplit(":", 1) if value and path[1] == "backend" else [value]
            if value and not all(p in (original or "") for p in parts if p):
                yield f"{'.'.join(path)} of another line: {value!r} in {event}"
        admin = about["action"].startswith("admin-")
        if admin and about.get("reason", "") not in (original or ""):
            yield f"a reason that the line does not give: {event}"
        if not _is_verdict(event):
            yield f"another verdict than the line's: {event}"


def _is_verdict(event: Event) -> bool:
    """Whether outcome and name are those of the line, read without an expression."""
    about, body = event["event"], event.get("message", "")
    family = about["action"].partition("-")[0]
    words = _OUTCOMES.get((family, about.get("outcome", "")), ("",))
    if about["action"] != "smtp-auth":
        return any(word in body for word in words)
    _, _, said = body.partition(") ")
    head, _, tail = said.rpartition(" using AUTH mechanism: ")
    if not said.startswith(words[0].strip()):
        return False
    # Of what the name itself holds, the last that reads on as a line does is ours.
    if not _TAIL.match(tail):
        return True
    _, _, name = head.partition(" for user: ")
    return bool(name == event.get("user", {}).get("name", ""))

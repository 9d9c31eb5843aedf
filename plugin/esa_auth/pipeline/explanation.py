"""How one line is read: its parts, its rule, its session, and what it becomes.

Nothing is printed here; `commands.explain` shows it, `api` hands it out.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

from esa_auth import grammar
from esa_auth.envelope import read_prefix
from esa_auth.model.facts import Envelope
from esa_auth.pipeline import Pipeline

_REJECTED = "rejected: it looks like AUTH and no rule reads it (dead letter)"
_REPEATED = "read once for each time that the line in it was repeated"
_IGNORED = "ignored: it says nothing about an AUTH session"
_ALONE = (
    "its opening lines were not given: give the lines of the session on stdin to see"
    " them joined"
)

Verdict: TypeAlias = Literal["event", "context", "ignored", "rejected"]


class Part(NamedTuple):
    """``text[start:end]`` is the ``name`` of the line."""

    name: str
    start: int
    end: int


class Explanation(NamedTuple):
    """How a line is read.

    Attributes:
        text: The line; bytes that are not UTF-8 are written out.
        verdict: What became of it: an event, context of a session, nothing, or a dead
            letter.
        rule: Name of the rule that reads it; None if there is none.
        parts: Which part of ``text`` says what, from the left.
        rows: What is to be said of it, as pairs of a key and a text.
        events: The events that it makes.
        dead_letters: The dead letters that it makes.
    """

    text: str
    verdict: Verdict
    rule: str | None
    parts: list[Part]
    rows: list[tuple[str, str]]
    events: list[dict[str, Any]]
    dead_letters: list[dict[str, Any]]

    def __str__(self) -> str:
        """Return all but the events, a row on each line."""
        named = [(part.name, self.text[part.start : part.end]) for part in self.parts]
        return "\n".join(f"{key}: {value}" for key, value in [*named, *self.rows])


def explained(line: bytes, pipeline: Pipeline) -> Explanation:
    """Feed ``line``, without its newline, and return how ``pipeline`` reads it."""
    prefix = read_prefix(line)
    before = line[: prefix.body_at].decode("utf-8", "backslashreplace")
    body = line[prefix.body_at :].decode("utf-8", "backslashreplace")
    parts = parts_of(prefix, before, body)
    count = pipeline.counters
    told, context, rejected = _told(pipeline), count.context, count.rejected
    pipeline.feed([line])
    # Whatever comes next, this line is to be explained now.
    pipeline.settle()
    dead = pipeline.take_dead()
    repeated = _told(pipeline) > told
    rows = list(_rows(line, body, pipeline, dead, repeated=repeated))
    events = pipeline.take_events()
    verdict: Verdict = "ignored"
    if events:
        verdict = "event"
    elif count.rejected > rejected:
        verdict = "rejected"
    elif count.context > context:
        verdict = "context"
    reading = grammar.reading(body)
    rule = reading[0].name if reading else None
    return Explanation(before + body, verdict, rule, parts, rows, events, dead)


def _told(pipeline: Pipeline) -> int:
    return pipeline.counters.results + pipeline.counters.ancillary


def _rows(
    line: bytes,
    body: str,
    pipeline: Pipeline,
    dead: list[dict[str, Any]],
    *,
    repeated: bool,
) -> Iterator[tuple[str, str]]:
    """Yield what is to be said of a line that was fed."""
    prefix = read_prefix(line)
    name = prefix.host or pipeline.settings.appliance
    clock = pipeline.registry.named(name).clock
    instant = clock.resolve(prefix.stamp, prefix.around) if prefix.stamp else None
    read_in = f"{instant.iso} (read in {instant.zone})" if instant else None
    yield "time", read_in or "none: never an event"
    yield "appliance", name if prefix.host else f"{name} (not in the line)"
    yield "level", prefix.level or "none"
    reading = grammar.reading(body)
    if reading is None:
        yield "rule", "none"
        yield from _nearest(body)
        if repeated:
            yield "so it is", _REPEATED
        elif grammar.GRAMMAR.looks_like_auth(body):
            yield "so it is", _REJECTED
        elif dead:
            yield "so it is", f"rejected: {dead[0]['error']['message']} (dead letter)"
        else:
            yield "so it is", _IGNORED
        return
    rule, _, fact = reading
    yield "rule", rule.name
    yield "seen", f"{rule.seen} [{rule.evidence}]"
    yield "fact", type(fact).__name__
    for field, value in fact._asdict().items():
        if value is not None:
            yield f"  {field}", str(value)
    yield from _session(fact._asdict(), name, pipeline)


def _nearest(body: str) -> Iterator[tuple[str, str]]:
    departure = grammar.nearest(body)
    if departure is None:
        return
    yield "nearest rule", departure.rule.name
    agreed = body[: departure.at]
    yield "  reads", agreed
    yield "  departs at", body[departure.at :].rstrip() or "the end: more should follow"
    yield "  a line of it", departure.rule.sample


def _session(
    fact: dict[str, Any], name: str, pipeline: Pipeline
) -> Iterator[tuple[str, str]]:
    """Yield what is known of the session, the line in hand included."""
    side = "dcid" if fact.get("dcid") or fact.get("side") == "dcid" else "icid"
    number = fact.get(side) or fact.get("number")
    if number is None:
        return
    appliance = pipeline.registry.named(name)
    table = appliance.inbound if side == "icid" else appliance.outbound
    what = f"{side.upper()} {number} of {name}"
    session = table.live.get(number.encode())
    if session is not None:
        started = f"{what}, begun {session.start.iso}, context {session.context}"
        yield "session", f"{started}, {session.attempts} attempts so far"
        if session.context == "missing":
            yield "", _ALONE
    elif number.encode() in table.kept:
        yield "session", f"{what}: kept, and read when an AUTH line asks for it"
    else:
        yield "session", f"{what}: not open behind this line"


def parts_of(prefix: Envelope, before: str, body: str) -> list[Part]:
    """Return the parts of a line, ``before`` its body and in it, from the left."""
    found = list(_of_prefix(prefix, before))
    found += (
        Part(name, start + len(before), end + len(before))
        for name, start, end in _of_body(body)
    )
    return sorted(_apart(found), key=lambda part: part.start)


def _of_prefix(prefix: Envelope, before: str) -> Iterator[Part]:
    at = len(before)
    wanted = (
        ("level", prefix.level),
        ("log subscription", prefix.program),
        ("appliance", prefix.host),
        ("time", prefix.stamp),
    )
    # From the right: that is what the reader of prefixes believes, too.
    for name, value in wanted:
        place = before.lower().rfind(value.lower(), 0, at) if value else -1
        if value and place >= 0:
            yield Part(name, place, place + len(value))
            at = len(before) if name == "level" else at


def _of_body(body: str) -> Iterator[Part]:
    """Yield the fields of the fact where the groups of its row have them."""
    reading = grammar.reading(body)
    if reading is None:
        return
    rule, match, fact = reading
    places = rule.places(match)
    groups = {
        match.span(n): match[n] for n in range(1, match.re.groups + 1) if match[n]
    }
    for secret in places.secrets:
        del groups[secret]
        yield Part("token", *secret)
    fields = {k: str(v) for k, v in fact._asdict().items() if v is not None}
    if places.user and (user := fields.pop("user", None)):
        # Behind it may stand what else the group holds.
        groups.pop(places.user, None)
        yield Part("user", places.user[0], places.user[0] + len(user))
    unplaced = []
    for name, value in fields.items():
        span = next((s for s, text in groups.items() if text == value), None)
        if span:
            del groups[span]
            yield Part(name, *span)
        elif (place := max(body.find(f" {value}"), body.find(f"({value}"))) >= 0:
            yield Part(name, place + 1, place + 1 + len(value))
        else:
            unplaced.append(name)
    # A word that is told in another one, "failed" for the outcome failure.
    if len(unplaced) == len(groups) == 1:
        yield Part(unplaced[0], *next(iter(groups)))


def _apart(parts: Iterable[Part]) -> Iterator[Part]:
    """Leave out a part that lies over one before it."""
    taken: list[Part] = []
    for part in parts:
        if all(part.end <= other.start or other.end <= part.start for other in taken):
            taken.append(part)
            yield part

"""`esa-auth explain`: how one line is read, or why it is not."""

import argparse
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from rich.cells import cell_len

from esa_auth import grammar
from esa_auth.commands.delivery import enriched, read_time
from esa_auth.commands.options import add_config, load_config
from esa_auth.envelope import read_prefix
from esa_auth.errors import ConfigError
from esa_auth.model.facts import Envelope
from esa_auth.pipeline import Pipeline
from esa_auth.visible import visible

_log = logging.getLogger("esa_auth")

_REJECTED = "rejected: it looks like AUTH and no rule reads it (dead letter)"
_REPEATED = "read once for each time that the line in it was repeated"
_IGNORED = "ignored: it says nothing about an AUTH session"
_ALONE = (
    "its opening lines were not given: give the lines of the session on stdin to see"
    " them joined"
)
_MARGIN = 2
_WHOLE = 1 << 20

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

_ABOUT = """Show how a line is read: the line with a letter under each part, what each
part is, the rule and where its form was seen, the session that it joins, and the event
that it becomes. Lines on stdin are read one after the other, as filter would, so that
a session's lines are joined. For a line that is not read: the nearest rule, and where
the line departs from it."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "say how a line is read"
    parser = subcommands.add_parser("explain", help=text, description=_ABOUT)
    add_config(parser)
    parser.add_argument("line", nargs="?", metavar="LINE", help="default: from stdin")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain each line; return the exit code."""
    config, _ = enriched(load_config(args))
    pipeline = Pipeline(replace(config.pipeline, wait=0, redact_wait=0), read_time)
    lines: Iterable[bytes]
    if args.line is not None and os.path.isfile(args.line):
        told = f"esa-auth explain < {args.line}"
        raise ConfigError(f"explain: {args.line} is a file: {told}")
    if args.line not in (None, "-"):
        lines = [args.line.encode("utf-8", "surrogateescape")]
    else:
        if sys.stdin.isatty():
            _log.info("reading lines that are typed or pasted; Ctrl-D ends them")
        lines = sys.stdin.buffer
    for line in lines:
        if line.strip():
            sys.stdout.write(_shown(line.rstrip(b"\r\n"), pipeline))
            # Whoever pipes a log that grows wants to see each line as it comes.
            sys.stdout.flush()
    return 0


def _shown(line: bytes, pipeline: Pipeline) -> str:
    # Here, because it is half of the start-up time of all the other commands.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from esa_auth.commands.explain import marked, parts_of

    console = Console(soft_wrap=True, highlight=False)
    prefix = read_prefix(line)
    before = line[: prefix.body_at].decode("utf-8", "backslashreplace")
    body = line[prefix.body_at :].decode("utf-8", "backslashreplace")
    parts = parts_of(prefix, before, body)
    table = Table(show_header=False, box=None, pad_edge=False)
    for letter, part in zip(ascii_lowercase, parts, strict=False):
        text = visible((before + body)[part.start : part.end], _WHOLE)
        table.add_row(Text(f"{letter} {part.name}", style="cyan"), Text(text))
    for key, value in _rows(line, body, pipeline):
        table.add_row(Text(key, style="bold"), Text(visible(value, _WHOLE)))
    # Its own way out of a closed pipe would end the process with 1.
    with console.capture() as shown:
        for text, letters in marked(before + body, parts, console.width - _MARGIN):
            console.print(Text(text))
            if letters:
                console.print(Text(letters, style="cyan"))
        console.print(table)
        for event in pipeline.take_events():
            console.print(Text("it becomes", style="bold"))
            written = orjson.dumps(event.whole(), option=orjson.OPT_INDENT_2).decode()
            for row in written.split("\n"):
                console.print(Text(f"  {visible(row, _WHOLE)}"))
        console.print()
    return shown.get()


def _rows(line: bytes, body: str, pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Feed the line, and yield what is to be said of it."""
    prefix = read_prefix(line)
    name = prefix.host or pipeline.settings.appliance
    count = pipeline.counters
    before = count.results + count.ancillary
    pipeline.feed([line])
    # Whatever comes next, this line is to be explained now.
    pipeline.settle()
    dead = pipeline.take_dead()
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
        if count.results + count.ancillary > before:
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


class Part(NamedTuple):
    """``text[start:end]`` is the ``name`` of the line."""

    name: str
    start: int
    end: int


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


def marked(text: str, parts: list[Part], width: int) -> Iterator[tuple[str, str]]:
    """Yield pieces of the line, ``width`` columns at most, and the letters under each.

    Nothing in a piece is obeyed by a terminal.
    """
    letters = [" "] * len(text)
    for letter, part in zip(ascii_lowercase, parts, strict=False):
        letters[part.start : part.end] = letter * (part.end - part.start)
    line = under = ""
    for character, letter in zip(text, letters, strict=True):
        shown = visible(character)
        if cell_len(line) + cell_len(shown) > width:
            yield line, under.rstrip()
            line = under = ""
        line += shown
        under += letter * cell_len(shown)
    if line:
        yield line, under.rstrip()

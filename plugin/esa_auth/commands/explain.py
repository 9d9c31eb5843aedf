"""`esa-auth explain`: how one line is read, or why it is not."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from esa_auth import grammar
from esa_auth.commands.options import add_config, load_config
from esa_auth.envelope import Clock, read_prefix
from esa_auth.facts import Unread

_REJECTED = "rejected: it looks like AUTH and no rule reads it (dead letter)"
_IGNORED = "ignored: it says nothing about an AUTH session"

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    parser = subcommands.add_parser("explain", help="say how a line is read")
    add_config(parser)
    parser.add_argument("line", nargs="?", metavar="LINE", help="default: from stdin")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain each line; return the exit code."""
    # Here, because it is half of the start-up time of all the other commands.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    settings = load_config(args).pipeline
    console = Console(soft_wrap=True, highlight=False)
    if args.line is not None:
        lines = [args.line.encode("utf-8", "surrogateescape")]
    else:
        lines = sys.stdin.buffer.read().split(b"\n")
    for line in lines:
        if not line.strip():
            continue
        clock = Clock(settings.zone, settings.reference)
        table = Table(show_header=False, box=None, pad_edge=False)
        for key, value in _rows(line.rstrip(b"\r"), clock, settings.appliance):
            table.add_row(Text(key, style="bold"), Text(_shown(value)))
        # Its own way out of a closed pipe would end the process with 1.
        with console.capture() as shown:
            console.print(table)
            console.print()
        sys.stdout.write(shown.get())
    return 0


def _shown(text: str) -> str:
    """Return ``text`` with nothing in it that a terminal would obey."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def _rows(line: bytes, clock: Clock, default: str) -> Iterator[tuple[str, str]]:
    prefix = read_prefix(line)
    body = line[prefix.body_at :].decode("utf-8", "backslashreplace")
    instant = clock.resolve(prefix.stamp) if prefix.stamp else None
    yield (
        "time",
        f"{instant.iso} (read in {instant.zone})"
        if instant
        else "none: never an event",
    )
    yield "appliance", prefix.host or f"{default} (not in the line)"
    yield "level", prefix.level or "none"
    if prefix.program:
        yield "log subscription", prefix.program
    yield "body", body
    fact, rule = grammar.read(body), grammar.rule_for(body)
    if isinstance(fact, Unread) or rule is None:
        yield "rule", "none"
        rejected = isinstance(fact, Unread) and fact.auth_like
        yield "so it is", _REJECTED if rejected else _IGNORED
        return
    yield "rule", rule.name
    yield "seen", f"{rule.seen} [{rule.evidence}]"
    yield "fact", type(fact).__name__
    for name, value in fact._asdict().items():
        if value is not None:
            yield f"  {name}", str(value)

"""`esa-auth explain`: how one line is read, or why it is not."""

import argparse
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from esa_auth import grammar
from esa_auth.commands.options import add_config, load_config
from esa_auth.envelope import Clock, read_prefix
from esa_auth.facts import Unread

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
    config = load_config(args)
    console = Console(soft_wrap=True, highlight=False)
    if args.line is not None:
        lines = [args.line.encode("utf-8", "surrogateescape")]
    else:
        lines = sys.stdin.buffer.read().split(b"\n")
    for line in lines:
        if line.strip():
            _explain(
                console,
                line.rstrip(b"\r"),
                Clock(config.pipeline.zone, config.pipeline.reference),
                config.pipeline.appliance,
            )
    return 0


def _explain(console: Console, line: bytes, clock: Clock, default: str) -> None:
    prefix = read_prefix(line)
    body = line[prefix.body_at :].decode("utf-8", "backslashreplace")
    rows: dict[str, object] = {}
    instant = clock.resolve(prefix.stamp) if prefix.stamp else None
    rows["time"] = (
        f"{instant.iso} (read in {instant.zone})" if instant else "none: never an event"
    )
    rows["appliance"] = prefix.host or f"{default} (not in the line)"
    rows["level"] = prefix.level or "none"
    if prefix.program:
        rows["log subscription"] = prefix.program
    rows["body"] = body
    fact, rule = grammar.read(body), grammar.rule_for(body)
    if isinstance(fact, Unread) or rule is None:
        rows["rule"] = "none"
        rows["so it is"] = (
            "rejected: it looks like AUTH and no rule reads it (dead letter)"
            if isinstance(fact, Unread) and fact.auth_like
            else "ignored: it says nothing about an AUTH session"
        )
    else:
        rows["rule"] = rule.name
        rows["seen"] = f"{rule.seen} [{rule.evidence}]"
        rows["fact"] = type(fact).__name__
        rows |= {f"  {k}": v for k, v in fact._asdict().items() if v is not None}
    table = Table(show_header=False, box=None, pad_edge=False)
    for key, value in rows.items():
        table.add_row(Text(key, style="bold"), Text(str(value)))
    console.print(table)
    console.print()

"""`esa-auth explain`: how one line is read, or why it is not."""

import argparse
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from string import ascii_lowercase
from typing import TYPE_CHECKING

import orjson
from rich.cells import cell_len

from esa_auth.commands.opening import enriched, read_time
from esa_auth.commands.options import add_config, load_config
from esa_auth.errors import ConfigError
from esa_auth.pipeline import Pipeline
from esa_auth.pipeline.explanation import Part, explained
from esa_auth.visible import visible

_log = logging.getLogger("esa_auth")

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

    console = Console(soft_wrap=True, highlight=False)
    found = explained(line, pipeline)
    table = Table(show_header=False, box=None, pad_edge=False)
    for letter, part in zip(ascii_lowercase, found.parts, strict=False):
        text = visible(found.text[part.start : part.end], _WHOLE)
        table.add_row(Text(f"{letter} {part.name}", style="cyan"), Text(text))
    for key, value in found.rows:
        table.add_row(Text(key, style="bold"), Text(visible(value, _WHOLE)))
    # Its own way out of a closed pipe would end the process with 1.
    with console.capture() as shown:
        width = console.width - _MARGIN
        for text, letters in marked(found.text, found.parts, width):
            console.print(Text(text))
            if letters:
                console.print(Text(letters, style="cyan"))
        console.print(table)
        for event in found.events:
            console.print(Text("it becomes", style="bold"))
            written = orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()
            for row in written.split("\n"):
                console.print(Text(f"  {visible(row, _WHOLE)}"))
        console.print()
    return shown.get()


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

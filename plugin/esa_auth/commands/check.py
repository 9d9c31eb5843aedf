"""`esa-auth check`: is the configuration right, are these events events."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from esa_auth.commands.delivery import enriched
from esa_auth.commands.options import add_config, load_config
from esa_auth.errors import ConfigError
from esa_auth.formats import refuse_foreign
from esa_auth.validation import EventSchema

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    parser = subcommands.add_parser(
        "check", help="validate the configuration, and events against the schema"
    )
    add_config(parser)
    parser.add_argument("--events", metavar="FILE", help="events, one JSON a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check; return 0 if all is well, 1 if an event or a table is refused."""
    _, tables = enriched(load_config(args))
    print(f"configuration: good ({args.config or 'defaults'})")
    bad = tables is not None and any(file.failing for file in tables.files)
    refused = _check_events(args.events) if args.events else 0
    return 1 if bad else refused


def _check_events(path: str) -> int:
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError(f"--events: {path}: {error.strerror}") from error
    schema = EventSchema()
    good = bad = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            print(f"{path}:{number}: not JSON: {error}", file=sys.stderr)
            bad += 1
            continue
        if schema.valid(event):
            good += 1
            continue
        refuse_foreign(event, f"{path}:{number}")
        bad += 1
        for reason in schema.reasons(event):
            print(f"{path}:{number}: {reason}", file=sys.stderr)
    print(f"events: {good} good, {bad} refused")
    return 1 if bad else 0

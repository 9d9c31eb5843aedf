"""`esa-auth check`: is the configuration right, are these events events."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from esa_auth.commands.counted import counted
from esa_auth.commands.delivery import enriched
from esa_auth.commands.options import (
    add_config,
    add_input,
    add_live,
    add_output,
    load_config,
)
from esa_auth.config import Config
from esa_auth.errors import ConfigError
from esa_auth.formats import refuse_foreign
from esa_auth.validation import EventSchema

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

_ABOUT = """Read the configuration with all files that it names, and say whether it can
be used. It takes the options of filter and tail, so that what a service is started with
can be checked before. With --events, also hold events against the schema. Exit codes: 0
all is well; 1 an event or a table is refused; 2 the configuration is wrong."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "validate the configuration, and events against the schema"
    parser = subcommands.add_parser("check", help=text, description=_ABOUT)
    parser.add_argument(
        "--events", metavar="FILE", help="events, one JSON a line; - is stdin"
    )
    add_config(parser)
    add_input(parser)
    add_output(parser)
    add_live(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check; return 0 if all is well, 1 if an event or a table is refused."""
    wrong = told_of(load_config(args))
    refused = _check_events(args.events) if args.events else 0
    return wrong or refused


def told_of(config: Config) -> int:
    """Say what the configuration is worth; return the exit code."""
    _, tables = enriched(config)
    name = config.path or "defaults"
    failing = sum(file.failing for file in tables.files) if tables else 0
    if failing:
        print(f"configuration: {counted(failing, 'table')} cannot be used ({name})")
        return 1
    print(f"configuration: good ({name})")
    return 0


def _check_events(path: str) -> int:
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"--events: {path}: {error.strerror}") from error
    schema = EventSchema()
    good = bad = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
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

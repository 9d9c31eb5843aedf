"""`esa-auth check`: is the configuration right, are these events events."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from esa_auth.commands.beginning import add_beginning, read_since
from esa_auth.commands.opening import enriched
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
from esa_auth.visible import counted

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

_ABOUT = """Read the configuration with all files that it names, and say whether it can
be used. It takes the options of filter and tail, so that what a service is started with
can be checked before. With --events, also hold events against the schema. Exit codes: 0
all is well; 1 an event or a table is refused; 2 the configuration is wrong."""

_ADDED = {
    "": (
        "agent",
        "cloud",
        "container",
        "data_stream",
        "elastic_agent",
        "host",
        "input",
    ),
    "event": ("agent_id_status", "ingested"),
    "log": ("file", "offset"),
}
"""Fields of ECS that an event of ours never has, by the object that they are in.

`agent`, `input`, `log.file` and `log.offset` are added by Filebeat to all that it
reads, `host`, `cloud` and `container` by the processors of its own configuration file,
`data_stream`, `elastic_agent` and `event.agent_id_status` by Elastic Agent and Fleet,
`event.ingested` by the pipeline of conf/elastic and conf/opensearch.
"""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "validate the configuration, and events against the schema"
    parser = subcommands.add_parser("check", help=text, description=_ABOUT)
    parser.add_argument(
        "--events", metavar="FILE", help="events, one JSON a line; - is stdin"
    )
    add_config(parser)
    parser.add_argument(
        "--allow-shipper-fields",
        action="store_true",
        help="pass over what Filebeat, Elastic Agent and the index add to an event",
    )
    add_input(parser)
    add_output(parser)
    add_live(parser)
    add_beginning(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check; return 0 if all is well, 1 if an event or a table is refused."""
    if args.allow_shipper_fields and not args.events:
        raise ConfigError("--allow-shipper-fields: needs --events FILE")
    config = load_config(args)
    read_since(args)
    wrong = told_of(config)
    refused = 0
    if args.events:
        refused = _check_events(args.events, args.allow_shipper_fields)
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


def _check_events(path: str, shipped: bool) -> int:
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
        if shipped:
            event = _as_sent(event)
        if schema.valid(event):
            good += 1
            continue
        refuse_foreign(event, f"{path}:{number}")
        bad += 1
        for reason in schema.reasons(event):
            print(f"{path}:{number}: {reason}", file=sys.stderr)
    print(f"events: {good} good, {bad} refused")
    return 1 if bad else 0


def _as_sent(event: Any) -> Any:
    """Return ``event`` without what was added to it on its way to an index."""
    if not isinstance(event, dict):
        return event
    left = {name: value for name, value in event.items() if name not in _ADDED[""]}
    for name in ("event", "log"):
        if isinstance(inner := left.get(name), dict):
            kept = {key: inner[key] for key in inner if key not in _ADDED[name]}
            if kept or not inner:
                left[name] = kept
            else:
                del left[name]
    return left

"""Options that several subcommands share."""

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from esa_auth.commands.logs import log_to
from esa_auth.config import Config, load

if TYPE_CHECKING:
    Subcommands = argparse._SubParsersAction[argparse.ArgumentParser]

# Option name -> key in the configuration.
_KEYS = {
    "appliance": "appliance",
    "timezone": "timezone",
    "input": "input.format",
    "output": "output.format",
    "format": "output.schema",
    "join_wrapped": "input.join_wrapped",
    "dead_letter": "dead_letter.file",
    "state_dir": "state.directory",
    "forward": "forward.address",
    "log_file": "log.file",
    "brokers": "stream.brokers",
    "instance": "stream.instance",
    "metrics": "metrics.address",
    "metrics_file": "metrics.file",
}


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add what every subcommand that reads lines takes."""
    add = parser.add_argument
    add("--config", metavar="FILE", help="YAML configuration, see conf/default.yaml")
    add("--appliance", metavar="NAME", help="name for lines that do not name theirs")
    add("--timezone", metavar="ZONE", help="IANA zone of the appliance's clock")
    add("--log-file", metavar="FILE", help="file for our own messages (stderr)")


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add how lines are framed."""
    add = parser.add_argument
    forms = ["auto", "native", "syslog", "sender", "json", "msgpack"]
    add("--input", choices=forms, help="framing of the lines (auto)")
    add("--join-wrapped", action="store_true", help="join wrapped lines")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add what every subcommand that writes events takes."""
    add = parser.add_argument
    add("--output", choices=["json", "msgpack"], help="framing of the events (json)")
    add("--dead-letter", metavar="FILE", help="file for refused lines (stderr)")
    add_format(parser)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add which schema events are written in."""
    parser.add_argument(
        "--format", choices=["ecs", "ocsf", "cim"], help="schema of the events (ecs)"
    )


def add_live(parser: argparse.ArgumentParser) -> None:
    """Add where events go besides stdout, and what is kept over a stop."""
    add = parser.add_argument
    add("--forward", metavar="HOST:PORT", help="send events there, acknowledged")
    add("--metrics", metavar="ADDR:PORT", help="serve /metrics and /healthz there")
    add("--metrics-file", metavar="FILE", help="write metrics there now and then")
    add_state(parser)


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add where state is kept."""
    parser.add_argument(
        "--state-dir", metavar="DIR", help="where open sessions are kept over a stop"
    )


def add_stream(parser: argparse.ArgumentParser) -> None:
    """Add which brokers, and who we are to them."""
    add = parser.add_argument
    add("--brokers", metavar="HOST:PORT,...", help="brokers to begin with")
    add("--instance", metavar="NAME", help="this worker's name, the same at each start")


def load_config(args: argparse.Namespace, *, live: bool = False) -> Config:
    """Return the configuration with the options of the command line over it.

    ``live`` means that lines are read as they come, see `envelope.clock`.
    """
    overrides: dict[str, Any] = {
        key: getattr(args, option)
        for option, key in _KEYS.items()
        if getattr(args, option, None)
    }
    config = load(args.config, overrides, int(time.time()))
    if config.log_file:
        log_to(config.log_file)
    return replace(config, pipeline=replace(config.pipeline, live=live))

"""Options that several subcommands share."""

import argparse
import time
from typing import TYPE_CHECKING, Any

from esa_auth.config import Config, load

if TYPE_CHECKING:
    Subcommands = argparse._SubParsersAction[argparse.ArgumentParser]

# Option name -> key in the configuration.
_KEYS = {
    "appliance": "appliance",
    "timezone": "timezone",
    "input": "input.format",
    "output": "output.format",
    "join_wrapped": "input.join_wrapped",
    "dead_letter": "dead_letter.file",
    "state_dir": "state.directory",
    "forward": "forward.address",
}


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add what every subcommand that reads lines takes."""
    add = parser.add_argument
    add("--config", metavar="FILE", help="YAML configuration, see conf/default.yaml")
    add("--appliance", metavar="NAME", help="name for lines that do not name theirs")
    add("--timezone", metavar="ZONE", help="IANA zone of the appliance's clock")


def add_delivery(parser: argparse.ArgumentParser) -> None:
    """Add where events, refused lines and open sessions go."""
    add = parser.add_argument
    add("--output", choices=["json", "msgpack"], help="framing of stdout (json)")
    add("--forward", metavar="HOST:PORT", help="send events there, acknowledged")
    add("--dead-letter", metavar="FILE", help="file for refused lines (stderr)")
    add("--state-dir", metavar="DIR", help="where open sessions are kept over a stop")


def load_config(args: argparse.Namespace) -> Config:
    """Return the configuration with the options of the command line over it."""
    overrides: dict[str, Any] = {
        key: getattr(args, option)
        for option, key in _KEYS.items()
        if getattr(args, option, None)
    }
    return load(args.config, overrides, int(time.time()))

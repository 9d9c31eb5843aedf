"""`esa-auth config`: which configuration counts, and what it says."""

import argparse
import logging
import sys
from typing import TYPE_CHECKING, Any

from esa_auth.commands.check import told_of
from esa_auth.commands.files import folder
from esa_auth.commands.options import add_config, load_config, path_of
from esa_auth.config import DEFAULT_PATH, effective
from esa_auth.errors import ConfigError
from esa_auth.suggest import did_you_mean

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

log = logging.getLogger("esa_auth")

_ABOUT = f"""Say which configuration counts: the file that --config names, else
{DEFAULT_PATH} if it is there, else what ships. show: all keys with the values that
count, or the one that KEY names, as input.format. path: the file, the defaults with
their comments, and the schema by which editors complete and explain keys. check: as
esa-auth check. `esa-auth files default.yaml` begins a file of your own."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "which configuration counts, and what it says"
    parser = subcommands.add_parser("config", help=text, description=_ABOUT)
    add = parser.add_argument
    what = ["show", "path", "check"]
    add("what", metavar="WHAT", choices=what, help="show, path or check")
    add("key", nargs="?", metavar="KEY", help="show: only this key")
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say it; return the exit code."""
    if args.key is not None and args.what != "show":
        raise ConfigError(f"config {args.what}: takes no KEY")
    if args.what == "path":
        where = folder()
        print(path_of(args) or f"no file: the defaults ({DEFAULT_PATH} is not there)")
        print(f"defaults: {where / 'default.yaml'}")
        print(f"schema: {where.parent / 'schemas' / 'config.schema.json'}")
        return 0
    config = load_config(args)
    if args.what == "check":
        return told_of(config)
    sys.stdout.write(_written(_value(effective(path_of(args)), args.key)))
    return 0


def _value(tree: dict[str, Any], key: str | None) -> Any:
    found: Any = tree
    for part in key.split(".") if key else ():
        if not isinstance(found, dict) or part not in found:
            known = list(found) if isinstance(found, dict) else []
            raise ConfigError(f"{key}: unknown key {part!r}{did_you_mean(part, known)}")
        found = found[part]
    return found


def _written(value: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    return text.removesuffix("...\n")

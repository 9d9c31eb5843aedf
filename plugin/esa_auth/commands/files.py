"""`esa-auth files`: what ships for other programs, from wherever it is installed."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from esa_auth import resources
from esa_auth.errors import ConfigError
from esa_auth.suggest import did_you_mean

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

_ABOUT = """Write a file that ships with esa-auth to stdout: the default configuration,
units, configurations of rsyslog, syslog-ng, Fluentd and Vector, templates, rules and
queries. Without NAME, or with that of a folder, list them, behind the folder in which
they are."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "what ships for other programs: list it, or write a file"
    parser = subcommands.add_parser("files", help=text, description=_ABOUT)
    add = parser.add_argument
    add("name", nargs="?", metavar="NAME", help="as rsyslog or rsyslog/esa-auth.conf")
    parser.set_defaults(run=run)


def folder() -> Path:
    """Return where the files are.

    Raises:
        ConfigError: nowhere, for the package is in an archive.
    """
    try:
        return resources.conf_folder()
    except FileNotFoundError as error:
        raise ConfigError(f"files: {error}") from error


def run(args: argparse.Namespace) -> int:
    """List the files or write one; return the exit code."""
    where = folder()
    names = [path.relative_to(where).as_posix() for path in _files(where)]
    wanted = (args.name or "").strip("/")
    if wanted in names:
        sys.stdout.flush()
        sys.stdout.buffer.write((where / wanted).read_bytes())
        return 0
    below = [name for name in names if not wanted or name.startswith(f"{wanted}/")]
    if not below:
        known = {*names, *(name.rpartition("/")[0] for name in names if "/" in name)}
        raise ConfigError(f"files: no {wanted!r}{did_you_mean(wanted, known)}")
    print(f"{where}:")
    for name in below:
        print(f"  {name}")
    return 0


def _files(where: Path) -> list[Path]:
    """Return what ships; a checkout has besides what makes some of it."""
    found = []
    for path in sorted(where.rglob("*")):
        parts = path.relative_to(where).parts
        made = parts[0] == "build" or "__pycache__" in parts or path.suffix == ".py"
        if path.is_file() and not made:
            found.append(path)
    return found

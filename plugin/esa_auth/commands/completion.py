"""`esa-auth completion`: a script by which a shell completes our words."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

_FILES = frozenset({"FILE", "PATH", "EVENTS", "DEADLETTER"})

_ABOUT = """Write a script for the shell to stdout. It is made of the options that
--help shows and needs neither this program nor Python when a word is completed."""


def add_parser(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    text = "a completion script for a shell"
    parser = subcommands.add_parser("completion", help=text, description=_ABOUT)
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="which shell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the script; return the exit code."""
    # Here, because only this command needs it.
    import shtab

    whole: argparse.ArgumentParser = args.parser
    _mark_files(whole, shtab.FILE, shtab.DIRECTORY)
    script: str = shtab.complete(whole, shell=args.shell)
    sys.stdout.write(script.rstrip("\n") + "\n")
    return 0


def _mark_files(
    parser: argparse.ArgumentParser, file: dict[str, Any], directory: dict[str, Any]
) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                _mark_files(child, file, directory)
        elif action.metavar in _FILES:
            action.complete = file  # type: ignore[attr-defined]  # shtab reads it
        elif action.metavar == "DIR":
            action.complete = directory  # type: ignore[attr-defined]  # as above

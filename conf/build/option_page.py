"""The command line -> the page that lists every option and exit code.

The man page has the same for a terminal; a test holds that neither lacks one.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.checkout import ROOT

from esa_auth.commands.cli import build_parser
from esa_auth.commands.options import KEYS

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

PAGE = ROOT / "examples" / "commands" / "options.md"
_HEAD = """# All options

Made from the command line by `make man`; do not edit. [What the commands
do](README.md). An option wins over the configuration; the last column has
[the key](../configuration/keys.md) that it sets.
"""
EXIT = (
    ("0", "done"),
    ("1", "check: an event is refused"),
    ("2", "the command line, the configuration or a file is wrong"),
    ("3", "another process holds the state directory"),
    ("74", "nobody reads the output"),
    ("75", "something outside failed that may work at the next try"),
    ("78", "the state is of a newer version"),
    ("130", "Ctrl-C ended it"),
)
_TABLE = "\n| option or argument | says | key |\n|---|---|---|\n"


def generated() -> Iterator[tuple[Path, str]]:
    """Return the page and its text."""
    yield PAGE, _HEAD + "".join(_sections()) + "".join(_exit_codes())


def _sections() -> Iterator[str]:
    about = {entry.dest: entry.help for entry in _subcommands()._choices_actions}
    for name, command in commands().items():
        text = " ".join((command.description or f"{about[name]}.").split())
        yield f"\n## esa-auth {name}\n\n{text[:1].upper()}{text[1:]}\n"
        yield _TABLE
        yield from _rows(command)


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each subcommand."""
    return dict(_subcommands().choices)


def _subcommands() -> "Subcommands":
    (found,) = (
        action
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return found


def _rows(command: argparse.ArgumentParser) -> Iterator[str]:
    # `receive` has none of the keys, though an argument of the name of one.
    configured = any(action.dest == "config" for action in command._actions)
    for action in command._actions:
        if not isinstance(action, argparse._HelpAction):
            key = KEYS.get(action.dest) if configured else None
            yield f"| {shown(action)} | {action.help} | {f'`{key}`' if key else ''} |\n"


def shown(action: argparse.Action) -> str:
    """Return an option or argument with its value, in Markdown."""
    names = ", ".join(f"`{word}`" for word in action.option_strings)
    value = str(action.metavar or "\\|".join(map(str, action.choices or ())))
    return f"{names} `{value}`".strip() if action.nargs != 0 else names


def _exit_codes() -> Iterator[str]:
    yield "\n## Exit codes\n\n| code | says |\n|---|---|\n"
    yield from (f"| {code} | {text} |\n" for code, text in EXIT)

"""Words of a command line in, logging set up, an exit code out."""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from esa_auth import __version__
from esa_auth.commands.logs import begin, tell
from esa_auth.commands.options import add_examples
from esa_auth.commands.parser import Parser
from esa_auth.errors import ConfigError, EsaAuthError
from esa_auth.signals import release
from esa_auth.suggest import did_you_mean

if TYPE_CHECKING:
    from esa_auth.commands.options import Subcommands

_COMMANDS = (
    "filter",
    "tail",
    "listen",
    "convert",
    "stream",
    "report",
    "watch",
    "replay",
    "receive",
    "explain",
    "check",
    "config",
    "files",
    "completion",
)

# What `print` meets; reading raises none of them, other outputs handle theirs.
_STDOUT_GONE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def run(words: Sequence[str]) -> int:
    """Run a subcommand and return the exit code.

    Raises:
        KeyboardInterrupt: SIGINT came, and the subcommand does not end by it in order.
    """
    begin()
    args = _parse(words)
    level, form = getattr(args, "log_level", None), getattr(args, "log_format", None)
    tell(level or "info", form or "text")
    if not getattr(args, "stops_in_order", False):
        release()
    try:
        _check_open()
        code: int = args.run(args)
        sys.stdout.flush()
    except EsaAuthError as error:
        for text in error.texts:
            logging.getLogger("esa_auth").error(" ".join(text.split()))  # noqa: TRY400
        return error.exit_code
    except OSError as error:
        if error.errno not in _STDOUT_GONE:
            raise
        if error.errno != errno.EPIPE:
            logging.getLogger("esa_auth").error("stdout: %s", error.strerror)  # noqa: TRY400
        # Python would write a traceback when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 74
    return code


def _parse(words: Sequence[str]) -> argparse.Namespace:
    """Return what the words mean. Exits: 0 behind help, 2 if they mean nothing."""
    if not words:
        build_parser().print_help(sys.stderr)
        sys.exit(2)
    if words[0] == "help":
        words = [*words[1:2], "--help"]
    first = words[0].partition("=")[0]
    parser = build_parser(first)
    if first.startswith("-") and first not in parser._option_string_actions:
        parser.error(_misplaced(first, parser))
    return parser.parse_args(words)


def _misplaced(option: str, parser: Parser) -> str:
    """Say what is wrong with an option before the command."""
    before = parser._option_string_actions
    behind = {
        name
        for command in commands_of(build_parser()).values()
        for name in command._option_string_actions
    }
    if option in behind:
        return f"{option} belongs behind the command: esa-auth COMMAND {option} ..."
    hint = did_you_mean(option, before) or did_you_mean(option, behind)
    return f"no option {option}{hint}"


def _check_open() -> None:
    """Refuse to run without one of the three: the next open would take its place.

    Raises:
        ConfigError: one was closed before we were started.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            raise ConfigError(f"{name} is closed; /dev/null would do")


class _Version(argparse.Action):
    """Says the version, and whether lines are read by native code."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        # Here, because it takes as long to load as all that a run needs.
        from esa_auth.config import native_wanted
        from esa_auth.pipeline.native import IS_BUILT

        reader = "native" if IS_BUILT and native_wanted() else "pure"
        print(f"{__version__} ({reader})")
        parser.exit()


class _Command(Protocol):
    """A module of `commands`."""

    def add_parser(self, subcommands: "Subcommands") -> None:
        """Add the subcommand."""


def build_parser(first: str = "") -> Parser:
    """Return the whole command line; the man page and completions are made of it.

    If ``first`` names a subcommand it is that one's alone, but for the completion of
    all: to load what the others need takes longer than to write the first event.
    """
    parser = Parser(
        prog="esa-auth",
        description="Cisco Secure Email Gateway mail logs in, ECS events out.",
    )
    parser.add_argument(
        "-V", "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")
    alone = first in _COMMANDS and first != "completion"
    for name in (first,) if alone else _COMMANDS:
        command: _Command = import_module(f"esa_auth.commands.{name}")
        command.add_parser(subcommands)
    add_examples(parser, subcommands.choices)
    parser.set_defaults(parser=parser)
    return parser


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the subcommands of the whole command line, by name."""
    (action,) = (
        action
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return dict(action.choices)

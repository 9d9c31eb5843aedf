"""argv, logging and exit codes."""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from esa_auth.commands.options import OneLine, add_examples
from esa_auth.errors import ConfigError, EsaAuthError

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
    "completion",
)

# What `print` meets; reading raises none of them, other outputs handle theirs.
_STDOUT_GONE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand and return the exit code."""
    told = logging.StreamHandler()
    told.setFormatter(OneLine("esa-auth: %(message)s"))
    logging.basicConfig(handlers=[told], level=logging.INFO)
    words = sys.argv[1:] if argv is None else argv
    args = build_parser(*words[:1]).parse_args(words)
    try:
        _check_open()
        code: int = args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        # As a shell says of a command that SIGINT ended.
        return 130
    except EsaAuthError as error:
        logging.getLogger("esa_auth").error(" ".join(str(error).split()))  # noqa: TRY400
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
        from esa_auth.commands.version import version

        print(version())
        parser.exit()


class _Command(Protocol):
    """A module of `commands`."""

    def add_parser(self, subcommands: "Subcommands") -> None:
        """Add the subcommand."""


def build_parser(first: str = "") -> argparse.ArgumentParser:
    """Return the whole command line; the man page and completions are made of it.

    If ``first`` names a subcommand it is that one's alone, but for the completion of
    all: to load what the others need takes longer than to write the first event.
    """
    parser = argparse.ArgumentParser(
        prog="esa-auth",
        description="Cisco Secure Email Gateway mail logs in, ECS events out.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show and exit")
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")
    alone = first in _COMMANDS and first != "completion"
    for name in (first,) if alone else _COMMANDS:
        command: _Command = import_module(f"esa_auth.commands.{name}")
        command.add_parser(subcommands)
    add_examples(parser, subcommands.choices)
    parser.set_defaults(parser=parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""A parser that says what was probably meant, and of which command."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from esa_auth.suggest import did_you_mean


class Parser(argparse.ArgumentParser):
    """Takes no abbreviations and no empty values; an error is two lines and exit 2."""

    def __init__(self, **given: Any) -> None:
        super().__init__(allow_abbrev=False, **given)

    def parse_known_args(  # type: ignore[override]  # it never gives words back
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse; what is not known is an error of this command, not of the whole."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(self._unknown(rest[0]))
        for action in self._actions:
            value = getattr(found, action.dest, None)
            if value == "" or (isinstance(value, list) and "" in value):
                name = "/".join(action.option_strings) or str(action.metavar)
                self.error(f"{name}: is empty; was a variable not set?")
        return found, []

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word!r} is one word too many"
        name = word.partition("=")[0]
        return f"no option {name}{did_you_mean(name, self._option_string_actions)}"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = [str(name) for name in action.choices]
        hint = did_you_mean(str(value), names)
        if isinstance(action, argparse._SubParsersAction):
            hint = hint or f"; there are {', '.join(names)}"
            self.error(f"no command {value!r}{hint}")
        if not action.option_strings:
            hint = hint or f"; {', '.join(names)}"
        name = "/".join(action.option_strings) or str(action.metavar or action.dest)
        one_of = ", ".join(names)
        self.error(f"{name}: {value!r} is none of {one_of}{hint}")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where more is said; exit 2."""
        said = message.removeprefix("argument ")
        usage = " ".join(self.format_usage().split())
        sys.stderr.write(f"esa-auth: {said}\n{usage}; see {self.prog} --help\n")
        sys.exit(2)


def short_usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage without the names of options, which --help lists."""
    words = [parser.prog, "[OPTION...]"]
    for action in parser._get_positional_actions():
        name = str(action.metavar or action.dest)
        many = {"+": f"{name}...", "*": f"[{name}...]", "?": f"[{name}]"}
        more = " ..." if isinstance(action, argparse._SubParsersAction) else ""
        words.append(many.get(str(action.nargs), name) + more)
    return " ".join(words)

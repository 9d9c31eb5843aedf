"""The man page, made of the parser.

``python -m conf.build.manual`` writes it, and the pages that the options are on.

argparse-manpage was tried: it leaves out the examples and the subcommands' texts.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from conf.build import configuration, option_page
from conf.build.option_page import EXIT
from esa_auth import __version__
from esa_auth.commands.cli import build_parser

PAGE = Path(__file__).parents[1] / "man" / "esa-auth.1"


def manual() -> str:
    """Return the page, in roff."""
    parser = build_parser()
    return "\n".join(_lines(parser)) + "\n"


def _lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f'.TH ESA-AUTH 1 "" "esa-auth {__version__}" "esa-auth"'
    yield ".SH NAME"
    yield f"esa\\-auth \\- {_text((parser.description or '').rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield ".B esa\\-auth"
    yield "[\\fIOPTION\\fR...] \\fICOMMAND\\fR ..."
    yield from _examples(parser, ".SH EXAMPLES")
    yield ".SH COMMANDS"
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            about = {entry.dest: entry.help for entry in action._choices_actions}
            for name, command in action.choices.items():
                yield from _command(name, about[name] or "", command)
    yield ".SH EXIT STATUS"
    for code, text in EXIT:
        yield from (".TP", f".B {code}", _text(text))


def _command(name: str, about: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f'.SS "esa\\-auth {_text(name)}"'
    yield _text(parser.description or f"{about[:1].upper()}{about[1:]}.")
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        yield ".TP"
        names = ", ".join(f"\\fB{_text(word)}\\fR" for word in action.option_strings)
        value = "" if action.nargs == 0 else f"\\fI{_text(_value(action))}\\fR"
        yield " ".join(filter(None, (names, value)))
        yield _text(action.help or "")
    yield from _examples(parser, ".PP")


def _value(action: argparse.Action) -> str:
    if action.metavar:
        return str(action.metavar)
    return "|".join(map(str, action.choices or [action.dest]))


def _examples(parser: argparse.ArgumentParser, heading: str) -> Iterator[str]:
    title, _, examples = (parser.epilog or "").partition("\n")
    yield heading
    if heading == ".PP":
        yield _text(title.capitalize())
    yield from (".PP", ".nf", *map(_text, examples.split("\n")), ".fi")


def _text(text: str) -> str:
    """Return text that roff shows as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join(f"\\&{x}" if x[:1] == "." else x for x in escaped.split("\n"))


def generated() -> Iterator[tuple[Path, str]]:
    """Return all pages that the options are on, and their text."""
    yield PAGE, manual()
    yield from option_page.generated()
    yield from configuration.generated()


def main() -> None:
    """Write them."""
    for path, text in generated():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

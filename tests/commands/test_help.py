"""What the command says of itself: help, examples, man page, completion."""

import argparse
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from conf.build.manual import PAGE, manual

from esa_auth.commands.cli import build_parser
from tests.support.checkout import ROOT, needs_checkout
from tests.support.engines import require
from tests.support.process import PATIENCE, esa_auth

SHELLS = ("bash", "zsh", "fish")


def subcommands() -> dict[str, argparse.ArgumentParser]:
    for action in build_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("no subcommands")


COMMANDS = sorted(subcommands())


def examples(text: str) -> list[str]:
    """Return the command lines of the examples, continued lines joined."""
    _, _, shown = text.partition("examples:\n")
    return [x.strip() for x in shown.replace("\\\n", " ").splitlines() if x.strip()]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_the_parser_takes(name: str) -> None:
    done = esa_auth(name, "--help", COLUMNS="80")
    assert (done.code, done.stderr) == (0, "")
    text = done.stdout.decode()
    assert all(len(line) <= 88 for line in text.splitlines())
    found = examples(text)
    assert any(f"esa-auth {name}" in line for line in found)
    for line in found:
        for part in line.split("|"):
            words = shlex.split(part)
            if words[0] != "esa-auth":
                continue
            for mark in ("<", ">", ">>"):
                words = words[: words.index(mark)] if mark in words else words
            build_parser().parse_args(words[1:])


def test_help_of_the_whole_names_every_command() -> None:
    text = esa_auth("--help", COLUMNS="80").stdout.decode()
    assert all(f"\n    {name}" in text for name in COMMANDS)
    assert examples(text)


@needs_checkout
def test_the_man_page_is_that_of_the_parser() -> None:
    """`make man` writes it."""
    assert PAGE.read_text("utf-8") == manual()


def test_the_man_page_has_every_option_and_no_complaint(tmp_path: Path) -> None:
    text = manual()
    for name, parser in subcommands().items():
        assert f'.SS "esa\\-auth {name}"' in text
        for action in parser._actions:
            for word in action.option_strings:
                plain = word.replace("-", "\\-")
                assert word in ("-h", "--help") or f"\\fB{plain}\\fR" in text
    groff = shutil.which("groff")
    require("groff", groff, "not installed")
    page = tmp_path / "esa-auth.1"
    page.write_text(text)
    done = subprocess.run(
        [str(groff), "-man", "-Tutf8", "-ww", str(page)],
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stderr == b""
    assert b"report.html" in done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_its_completion(shell: str, tmp_path: Path) -> None:
    done = esa_auth("completion", shell)
    assert (done.code, done.stderr) == (0, "")
    script = tmp_path / f"esa-auth.{shell}"
    script.write_bytes(done.stdout)
    text = done.stdout.decode()
    for name in COMMANDS:
        assert name in text
    assert "state-dir" in text
    program = shutil.which(shell)
    require(shell, program, "not installed")
    subprocess.run(
        [str(program), "-n", str(script)], check=True, timeout=PATIENCE, cwd=ROOT
    )


def completed(script: Path, line: str) -> set[str]:
    """Return what bash offers for the last word of ``line``."""
    words = line.split(" ")
    program = (
        f"source {shlex.quote(str(script))}; COMP_WORDS=({shlex.join(words)});"
        f" COMP_CWORD={len(words) - 1}; COMP_LINE={shlex.quote(line)};"
        f" COMP_POINT={len(line)}; _shtab_esa_auth;"
        " printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    bash = shutil.which("bash")
    require("bash", bash, "not installed")
    done = subprocess.run(
        [str(bash), "-c", program], capture_output=True, check=True, timeout=PATIENCE
    )
    return set(done.stdout.decode().split())


def test_bash_offers_commands_options_and_choices(tmp_path: Path) -> None:
    script = tmp_path / "esa-auth.bash"
    script.write_bytes(esa_auth("completion", "bash").stdout)
    assert {"filter", "tail", "report"} <= completed(script, "esa-auth ")
    assert completed(script, "esa-auth rep") == {"report", "replay"}
    assert {"--since", "--until"} <= completed(script, "esa-auth report --")
    assert completed(script, "esa-auth filter --ack ") == {"rsyslog"}

"""Every key, option and exit code is on its page, and each page is of today."""

import argparse
import re
from pathlib import Path

import pytest
from conf.build import configuration, manual, option_page
from conf.build.configuration import keys
from conf.build.option_page import EXIT, commands

from esa_auth.commands.options import KEYS
from esa_auth.errors import EsaAuthError
from esa_auth.model.dead_letter import BROKEN_RECORD, DAMAGED_LETTER, WHOLE_LINE
from esa_auth.resources import schema
from tests.support.checkout import ROOT, needs_checkout
from tests.support.sources import PACKAGE

pytestmark = needs_checkout

ALL = dict(keys(schema("config")))
MADE = dict(manual.generated())


@pytest.mark.parametrize("page", MADE, ids=lambda page: page.name)
def test_a_page_is_that_of_today(page: Path) -> None:
    """`make man` writes it."""
    assert page.read_text("utf-8") == MADE[page]


@pytest.mark.parametrize("name", ALL)
def test_a_key_has_a_description_and_a_row(name: str) -> None:
    node = ALL[name]
    assert node["description"].endswith(".")
    if node.get("type") != "object":
        rows = configuration.PAGE.read_text("utf-8")
        assert f"| `{name}` |" in rows


def test_every_key_that_an_option_sets_is_one() -> None:
    assert set(KEYS.values()) - set(ALL) == set()


@pytest.mark.parametrize("name", commands())
def test_every_option_and_argument_has_a_row(name: str) -> None:
    text = option_page.PAGE.read_text("utf-8")
    _, _, rest = text.partition(f"\n## esa-auth {name}\n")
    section, _, _ = rest.partition("\n## ")
    for action in commands()[name]._actions:
        if not isinstance(action, argparse._HelpAction):
            (row,) = [
                row
                for row in section.splitlines()
                if row.startswith(f"| {option_page.shown(action)} |")
            ]
            assert action.help
            assert f" {action.help} |" in row


def test_every_exit_code_has_a_row() -> None:
    raised = {kind.exit_code for kind in EsaAuthError.__subclasses__()}
    assert raised | {0, 1, 130} == {int(code) for code, _ in EXIT}
    text = option_page.PAGE.read_text("utf-8")
    assert all(f"| {code} | {says} |" in text for code, says in EXIT)


def test_every_kind_of_dead_letter_has_a_row() -> None:
    """`error.type` is a word of the place that refuses, so the sources are read."""
    text = (ROOT / "examples" / "troubleshooting" / "README.md").read_text("utf-8")
    section = text.partition("\n## Dead letters\n")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
    assert rows == {*WHOLE_LINE, BROKEN_RECORD, DAMAGED_LETTER, *_refused_for()}


def _refused_for() -> set[str]:
    """Return the words in place of ``why``, which comes before the reasons."""
    sources = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    return set(re.findall(r'(?:reject|DeadLetter)\([^"()]*"([a-z_]+)",', sources))

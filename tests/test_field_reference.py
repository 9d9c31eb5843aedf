"""Every field and flag of an event is described, in the schema and on its page."""

import re

import pytest
from conf.build.reference import PAGE, fields

from esa_auth.resources import schema
from tests.support.checkout import needs_checkout

pytestmark = needs_checkout

SCHEMA = schema("auth-event")
FIELDS = dict(fields(SCHEMA))
EVENTS = PAGE.with_name("README.md")


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_has_a_description_and_a_row(name: str) -> None:
    assert FIELDS[name]["description"].endswith(".")
    assert f"| `{name}` |" in PAGE.read_text("utf-8")


def test_the_page_has_a_row_for_each_flag_and_no_other() -> None:
    flags = FIELDS["cisco_esa.flags"]["items"]["enum"]
    rows = re.findall(r"^\| `([a-z0-9_]+)` \|", EVENTS.read_text("utf-8"), re.MULTILINE)
    assert rows == flags


def test_the_page_has_a_row_for_each_action_and_no_other() -> None:
    text = EVENTS.read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)
    assert rows == FIELDS["event.action"]["enum"]

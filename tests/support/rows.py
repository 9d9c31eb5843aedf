"""The grammar with rows that a test adds while it runs."""

import pytest

from esa_auth import grammar
from esa_auth.grammar import RULES, Grammar, Rule
from esa_auth.pipeline import appliance


def add_rows(monkeypatch: pytest.MonkeyPatch, *rows: Rule) -> None:
    """Let the program know ``rows``, too, until the test ends."""
    monkeypatch.setattr(grammar, "GRAMMAR", Grammar((*RULES, *rows)))
    # What lines of a connection said with other rows.
    appliance.read_context.cache_clear()

"""Body of a line -> what it says. Pure, anchored, never raises on any text.

A new wording is one row in one of the modules here; see `Rule`. `Grammar` derives from
the rows what the other stages ask for.
"""

from esa_auth.grammar import (
    admin,
    api,
    audit,
    auth,
    console,
    header,
    inbound,
    message,
    outbound,
)
from esa_auth.grammar.departure import Departure
from esa_auth.grammar.header import LOG_BEGINS
from esa_auth.grammar.rule import EVENT_FAMILIES, Family, Rule
from esa_auth.grammar.table import MAIL_FAMILIES, Grammar, Reading, trimmed
from esa_auth.grammar.tls import shortened_tls, unknown_tls
from esa_auth.model.facts import Fact, Unread
from esa_auth.places import Places

__all__ = [
    "EVENT_FAMILIES",
    "GRAMMAR",
    "LOG_BEGINS",
    "MAIL_FAMILIES",
    "RULES",
    "Departure",
    "Family",
    "Grammar",
    "Reading",
    "Rule",
    "nearest",
    "own_text",
    "places",
    "read",
    "reading",
    "reads_a_head",
    "rule_for",
    "shortened_tls",
    "trimmed",
    "unknown_tls",
]

RULES: tuple[Rule, ...] = (
    *auth.RULES,
    *inbound.RULES,
    *message.RULES,
    *outbound.RULES,
    *header.RULES,
    *admin.RULES,
    *console.RULES,
    *audit.RULES,
    *api.RULES,
)
GRAMMAR = Grammar(RULES)


def read(body: str) -> Fact | Unread:
    """See `Grammar.read`."""
    return GRAMMAR.read(body)


def reading(body: str) -> Reading | None:
    """See `Grammar.reading`."""
    return GRAMMAR.reading(body)


def places(body: str) -> Places:
    """See `Grammar.places`."""
    return GRAMMAR.places(body)


def own_text(body: str) -> str:
    """See `Grammar.own_text`."""
    return GRAMMAR.own_text(body)


def rule_for(body: str) -> Rule | None:
    """Return the row that reads ``body``, or None."""
    found = GRAMMAR.reading(body)
    return found.rule if found else None


def reads_a_head(body: str) -> bool:
    """See `Grammar.reads_a_head`."""
    return GRAMMAR.reads_a_head(body)


def nearest(body: str) -> Departure | None:
    """See `Grammar.nearest`."""
    return GRAMMAR.nearest(body)

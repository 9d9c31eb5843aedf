"""Body of a line -> what it says. Pure, anchored, never raises on any text."""

import re
from collections import defaultdict

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
from esa_auth.grammar.departure import nearest as _nearest
from esa_auth.grammar.opening import whole_words
from esa_auth.grammar.phrases import Phrases
from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import Fact, Unread
from esa_auth.places import Places

__all__ = [
    "AUTH_WORDS",
    "KEPT",
    "LEADS",
    "LOGIN_WORDS",
    "PHRASES",
    "RULES",
    "Departure",
    "Rule",
    "auth_like",
    "nearest",
    "own_text",
    "places",
    "read",
    "rule_for",
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

# Of these no line may be passed over, whatever stands before it.
KEPT: tuple[Rule, ...] = (
    *auth.RULES,
    *admin.RULES,
    *console.RULES,
    *audit.RULES,
    *api.LOGINS,
)
# The first words of the lines that are read for what they say of AUTH or a login.
LEADS = frozenset(rule.lead for rule in (*KEPT, *api.RULES))

# Words that may open a wording of the AUTH family that a later AsyncOS brings.
AUTH_WORDS = ("smtp auth", "smtpauth", "auth ", "auth:", "sasl")
LOGIN_WORDS = admin.LOGIN_WORDS
_SESSION_AUTH = re.compile(r"[di]cid:? [0-9]+ auth\b")


def _by_lead() -> dict[str, tuple[Rule, ...]]:
    table: dict[str, list[Rule]] = defaultdict(list)
    for rule in RULES:
        table[f"{rule.lead} "[:4].lower()].append(rule)
    return {lead: tuple(rules) for lead, rules in table.items()}


_BY_LEAD = _by_lead()
# A NUL, and a line feed, a carriage return and a NUL as rsyslog escapes them.
_LINE_ENDS = ("\0", "#012", "#015", "#000")


def trimmed(body: str) -> str:
    """Return ``body`` without blanks behind it, and what a line end became."""
    text = body.rstrip()
    end = len(text)
    while text.endswith(_LINE_ENDS, 0, end):
        end -= 1 if text.endswith("\0", 0, end) else 4
    return text[:end].rstrip()


def rule_for(body: str) -> Rule | None:
    """Return the rule that reads ``body``, or None."""
    text = trimmed(body)
    for rule in _BY_LEAD.get(text[:4].lower(), ()):
        if rule.pattern.fullmatch(text):
            return rule
    return None


def read(body: str) -> Fact | Unread:
    """Return what ``body`` says, or `Unread`. Never raises."""
    text = body.rstrip()
    if text.endswith(_LINE_ENDS):
        text = trimmed(text)
    for rule in _BY_LEAD.get(text[:4].lower(), ()):
        if match := rule.pattern.fullmatch(text):
            fact = rule.build(match)
            return Unread(auth_like(body)) if fact is None else fact
    return Unread(auth_like(body))


def places(body: str) -> Places:
    """Return where in ``body`` the user name and the like stand, as its row says."""
    text = trimmed(body)
    for rule in _BY_LEAD.get(text[:4].lower(), ()):
        if match := rule.pattern.fullmatch(text):
            return rule.places(match)
    return Places()


def own_text(body: str) -> str:
    """Return the beginning of any ``body`` that only the appliance can have written."""
    end = 0
    for rule in _BY_LEAD.get(body[:4].lower(), ()):
        if match := rule.own.match(body):
            end = max(end, match.end())
    return whole_words(body, end)


def auth_like(body: str) -> bool:
    """Whether an unread body looks like the AUTH family.

    Only by words at its start or by the appliance's own words in a session line or
    behind a user: a Subject, header tail or remote reply must not be able to look like
    one.
    """
    lowered = body[:400].lower()
    if lowered.startswith(("dcid", "icid")):
        return (
            "smtp auth" in lowered
            or " sasl " in lowered
            or _SESSION_AUTH.match(lowered) is not None
        )
    if lowered.startswith(AUTH_WORDS):
        return True
    return admin.like(lowered, body[-40:].lower())


PHRASES = Phrases(KEPT, (*AUTH_WORDS, *LOGIN_WORDS), auth_like)


def nearest(body: str) -> Departure | None:
    """Return the rule that goes furthest along with an unread ``body``, and how far."""
    return _nearest(body, RULES)

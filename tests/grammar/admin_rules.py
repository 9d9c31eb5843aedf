"""The rules of logins to the appliance itself, and the event of one such line."""

from esa_auth.grammar import Rule, admin, api, audit, console
from tests.support.harness import Event, native, run

OURS = (*admin.RULES, *console.RULES, *audit.RULES, api.RULES[0])


def only(body: str) -> Event:
    """Return the one event of a line."""
    found = run([native(body)])
    found.assert_accounted()
    (event,) = found.events
    return event


def rule_names(rules: tuple[Rule, ...]) -> list[str]:
    return [rule.name for rule in rules]

"""Accounts that somebody other than their owner may have."""

from collections.abc import Iterable
from typing import Any

from esa_auth.report.source import SourceRow

RECIPIENTS_OF_A_BURST = 100
MOST_ACCOUNTS = 50


def accounts_at_risk(
    sources: dict[str, SourceRow], sessions: Iterable[dict[str, Any]]
) -> list[tuple[str, list[str]]]:
    """Return (user, reasons), most reasons first.

    A login counts when it came from a source after several failures for that user, or
    from one that sprays, or when its session sent to many recipients.
    """
    found: dict[str, list[str]] = {}
    for address, row in sources.items():
        where = address or "an address that is not known"
        for user, pair in row.users.items():
            if not pair.successes:
                continue
            if pair.guessed:
                reason = f"logged in from {where} after {pair.failures} failures there"
                found.setdefault(user, []).append(reason)
            elif row.sprays:
                reason = f"logged in from {where}, which tried {len(row.names)} users"
                found.setdefault(user, []).append(reason)
    for event in sessions:
        recipients = event["cisco_esa"]["summary"]["recipients"]
        if recipients >= RECIPIENTS_OF_A_BURST and "user" in event:
            reason = f"one session sent to {recipients} recipients"
            found.setdefault(event["user"]["name"], []).append(reason)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))

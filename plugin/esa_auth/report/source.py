"""One source: what it tried, and which of its logins should worry somebody."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from esa_auth.report.bounded import Distinct

# Names kept of one source; how many there were is counted beyond that.
MOST_USERS = 64
FAILURES_OF_A_GUESSER = 5
USERS_OF_A_SPRAYER = 10


@dataclass(slots=True)
class Pair:
    """One user at one source; times are epoch seconds."""

    failures: int = 0
    successes: int = 0
    first_failure: int | None = None
    last_success: int | None = None

    def add(self, epoch: int, *, failed: bool) -> None:
        """Count an attempt; the order in which they come does not matter."""
        if failed:
            self.failures += 1
            first = self.first_failure
            self.first_failure = epoch if first is None else min(first, epoch)
        else:
            self.successes += 1
            last = self.last_success
            self.last_success = epoch if last is None else max(last, epoch)

    @property
    def guessed(self) -> bool:
        """Whether a success came after the first of several failures."""
        return (
            self.failures >= FAILURES_OF_A_GUESSER
            and self.first_failure is not None
            and self.last_success is not None
            and self.last_success > self.first_failure
        )


@dataclass(slots=True)
class SourceRow:
    """All attempts of one address; ``first`` and ``last`` are ``@timestamp`` texts."""

    failures: int = 0
    successes: int = 0
    users: dict[str, Pair] = field(default_factory=dict)
    names: Distinct = field(default_factory=Distinct)
    first: str = "~"
    last: str = ""
    reverse_dns: str | None = None
    verified: bool | None = None
    country: str | None = None

    @property
    def weight(self) -> tuple[int, int]:
        """What it counts by when there are too many."""
        return self.failures, self.successes

    def add(self, user: str, epoch: int, stamp: str, *, failed: bool) -> None:
        """Count an attempt on ``user``."""
        if failed:
            self.failures += 1
        else:
            self.successes += 1
        self.first, self.last = min(self.first, stamp), max(self.last, stamp)
        self.names.add(user)
        pair = self.users.get(user)
        if pair is None:
            if len(self.users) >= MOST_USERS and not (not failed and self._make_room()):
                return
            pair = self.users[user] = Pair()
        pair.add(epoch, failed=failed)

    def _make_room(self) -> bool:
        """Drop a name that only failed: a login must never be left out for those."""
        for name, pair in self.users.items():
            if not pair.successes:
                del self.users[name]
                return True
        return False

    @property
    def sprays(self) -> bool:
        """Whether it tried many accounts and failed more often than not."""
        return len(self.names) >= USERS_OF_A_SPRAYER and self.failures > self.successes


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

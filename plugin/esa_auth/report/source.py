"""One source: what it tried, and which of its logins should worry somebody."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from esa_auth.alarms import Tries
from esa_auth.report.bounded import Distinct
from esa_auth.thresholds import figure

# Names kept of one source; how many there were is counted beyond that.
MOST_USERS = 64


@dataclass(slots=True)
class Pair:
    """One user at one source; ``guessed`` is a success after failures."""

    failures: int = 0
    successes: int = 0
    guessed: bool = False


@dataclass(slots=True)
class SourceRow:
    """All attempts of one source; ``first`` and ``last`` are ``@timestamp`` texts."""

    failures: int = 0
    successes: int = 0
    users: dict[str, Pair] = field(default_factory=dict)
    names: Distinct = field(default_factory=Distinct)
    first: str = "~"
    last: str = ""
    reverse_dns: str | None = None
    verified: bool | None = None
    country: str | None = None
    tries: Tries = field(default_factory=Tries)
    sprays: bool = False

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
        user = user.lower()
        self.names.add(user)
        guessed = self.tries.add(epoch, user, failed=failed)
        self.sprays = self.sprays or (failed and self.tries.sprays(epoch))
        pair = self.users.get(user)
        if pair is None:
            if len(self.users) >= MOST_USERS and not (not failed and self._make_room()):
                return
            pair = self.users[user] = Pair()
        pair.failures += failed
        pair.successes += not failed
        pair.guessed = pair.guessed or guessed

    def _make_room(self) -> bool:
        """Drop a name that only failed: a login must never be left out for those."""
        for name, pair in self.users.items():
            if not pair.successes:
                del self.users[name]
                return True
        return False


MOST_ACCOUNTS = 50


def accounts_at_risk(
    sources: dict[str, SourceRow], sessions: Iterable[dict[str, Any]]
) -> list[tuple[str, list[str]]]:
    """Return (user, reasons), most reasons first.

    A login counts as in the rules of `conf/sigma`: when it came from a source after
    failures for that user, or when its session sent several messages to many
    recipients; and when it came from a source that sprays.
    """
    many = figure("recipients_burst_after_success", "recipients")
    several = figure("recipients_burst_after_success", "messages")
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
        summary = event["cisco_esa"]["summary"]
        recipients = summary["recipients"]
        burst = recipients >= many and summary["messages"] >= several
        if burst and "user" in event:
            reason = f"one session sent to {recipients} recipients"
            found.setdefault(event["user"]["name"].lower(), []).append(reason)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))

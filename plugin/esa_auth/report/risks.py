"""Accounts that somebody else may have, by the detections of `conf/sigma`.

These are the detections that name a user who got in, or what a user sent.
`first_seen_network` is left out: it compares with the thirty days before. Events may
come in the order of one appliance after the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from esa_auth.report.bounded import Kept
from esa_auth.thresholds import figure, span

# As the table of the detections has them.
LEVELS = {
    "success_after_failures": "high",
    "success_after_failures_elsewhere": "high",
    "success_on_rejected_connection": "high",
    "password_spray": "high",
    "recipients_burst_after_success": "high",
    "relay_volume_by_user": "high",
    "relay_volume_by_day": "medium",
    "auth_without_tls": "medium",
}
MOST_ACCOUNTS = 5_000
_MOST_NETWORKS = 64
_MOST_LOGINS = 16
# Of one account: two days of minutes, and sessions that may still say more.
_MOST_MINUTES = 2_880
_MOST_SESSIONS = 64

# The ECS document.
Event = dict[str, Any]


@dataclass(slots=True)
class Finding:
    """What one detection says of one account; times are `@timestamp` texts."""

    words: str
    count: int
    first: str
    last: str
    key: str


@dataclass(slots=True)
class Account:
    """The last failures by network, the last logins, and recipients by minute."""

    failures: dict[str, list[int]] = field(default_factory=dict)
    logins: list[tuple[int, str]] = field(default_factory=list)
    sent: dict[int, int] = field(default_factory=dict)
    sessions: dict[str, tuple[int, int]] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)

    @property
    def weight(self) -> tuple[int, ...]:
        """What it counts by when there are too many."""
        got_in = len(self.logins) + len(self.sent)
        return len(self.findings), got_in, len(self.failures)

    def note(self, rule: str, stamp: str, key: str, words: str) -> None:
        """Remember a finding; one ``key`` after another counts once."""
        found = self.findings.get(rule)
        if found is None:
            self.findings[rule] = Finding(words, 1, stamp, stamp, key)
            return
        found.count += found.key != key
        found.key, found.words = key, words
        found.first, found.last = min(found.first, stamp), max(found.last, stamp)

    def fail(self, network: str, epoch: int) -> None:
        """Take a failure; of networks, the one that was quiet for longest goes."""
        times = self.failures.pop(network, [])
        if len(self.failures) >= _MOST_NETWORKS:
            del self.failures[next(iter(self.failures))]
        self.failures[network] = times
        _append(times, epoch, figure("success_after_failures_elsewhere", "failures"))

    def log_in(self, epoch: int, stamp: str) -> None:
        """Take a success."""
        _append(self.logins, (epoch, stamp), _MOST_LOGINS)

    def look_elsewhere(self, since: int) -> None:
        """Note logins from ``since`` on before which many networks had failed."""
        rule = "success_after_failures_elsewhere"
        for epoch, stamp in self.logins:
            known = self.findings.get(rule)
            if epoch < since or (known and known.last == stamp):
                continue
            if self._is_guessed(epoch, epoch - figure(rule, "window")):
                words = f"logged in after {figure(rule, 'failures')} or more failures"
                words += f" from {figure(rule, 'networks')} or more networks"
                self.note(rule, stamp, stamp, f"{words} within {span(rule)}")

    def _is_guessed(self, epoch: int, begin: int) -> bool:
        rule = "success_after_failures_elsewhere"
        failures = networks = 0
        for times in reversed(self.failures.values()):
            wrong = sum(begin <= at <= epoch for at in times)
            failures, networks = failures + wrong, networks + bool(wrong)
            if networks >= figure(rule, "networks") and failures >= figure(
                rule, "failures"
            ):
                return True
        return False

    def send(self, session: str, epoch: int, recipients: int) -> None:
        """Take what a session has sent so far; as in the rules, all of it counts then.

        Of what was taken of it before, nothing counts any more.
        """
        minute = epoch // 60
        before, counted = self.sessions.pop(session, (minute, 0))
        if before in self.sent:
            self.sent[before] -= counted
        if len(self.sessions) >= _MOST_SESSIONS:
            del self.sessions[next(iter(self.sessions))]
        self.sessions[session] = minute, recipients
        self.sent[minute] = self.sent.get(minute, 0) + recipients
        if len(self.sent) > _MOST_MINUTES:
            del self.sent[min(self.sent)]

    def most_sent(self, seconds: int) -> tuple[int, int]:
        """Return the most recipients within so many seconds, and the minute of it."""
        best, total, first = (0, 0), 0, 0
        minutes = sorted(self.sent)
        for minute in minutes:
            total += self.sent[minute]
            while minutes[first] < minute - seconds // 60:
                total -= self.sent[minutes[first]]
                first += 1
            best = max(best, (total, minute))
        return best


class Risks:
    """Takes attempts and ends of sessions; says which accounts are at risk and why."""

    def __init__(self) -> None:
        self.accounts: Kept[Account] = Kept(
            MOST_ACCOUNTS, Account, lambda row: row.weight
        )

    def attempt(self, event: Event, network: str, epoch: int, *, failed: bool) -> None:
        """Take an attempt at the appliance; ``network`` is "" if it is not known."""
        user = event.get("user", {}).get("name", "").lower()
        if not user:
            return
        account, stamp = self.accounts[user], event["@timestamp"]
        if not failed:
            self._login(account, event, network)
        if not network:
            return
        if failed:
            account.fail(network, epoch)
        else:
            account.log_in(epoch, stamp)
        account.look_elsewhere(epoch)

    def guessed(self, user: str, network: str, stamp: str, failures: int) -> None:
        """Take a login for which `Tries` says that it was guessed."""
        if user and network:
            words = f"logged in from {network} after {failures} failures there"
            account = self.accounts[user.lower()]
            account.note("success_after_failures", stamp, stamp, words)

    def sprayed(
        self, user: str, network: str, users: int, first: str, last: str
    ) -> None:
        """Take a user who logged in from a network that sprays."""
        words = f"logged in from {network}, which tried {users} users"
        account = self.accounts[user.lower()]
        account.note("password_spray", first, network, words)
        account.note("password_spray", last, network, words)

    def session(self, event: Event, epoch: int) -> None:
        """Take what a session with a login has sent until now."""
        user = event.get("user", {}).get("name", "").lower()
        own = event["cisco_esa"]
        recipients = own["summary"].get("recipients", 0)
        if not (user and recipients):
            return
        account, stamp = self.accounts[user], event["@timestamp"]
        session = own["session"].get("id", "")
        account.send(session, epoch, recipients)
        rule, messages = (
            "recipients_burst_after_success",
            own["summary"].get("messages", 0),
        )
        burst = recipients >= figure(rule, "recipients")
        if burst and messages >= figure(rule, "messages"):
            words = f"one session sent {messages} messages to {recipients} recipients"
            account.note(rule, stamp, session, words)

    def found(self) -> Iterator[tuple[str, dict[str, Finding]]]:
        """Yield the accounts at risk, by their name, with what each rule says."""
        for user, account in sorted(self.accounts.rows.items()):
            for rule in ("relay_volume_by_user", "relay_volume_by_day"):
                recipients, minute = account.most_sent(figure(rule, "window"))
                if recipients >= figure(rule, "recipients"):
                    words = f"sent to {recipients} recipients within {span(rule)}"
                    account.note(rule, _stamp(minute * 60), "", words)
            if account.findings:
                yield user, account.findings

    def _login(self, account: Account, event: Event, network: str) -> None:
        own, stamp = event["cisco_esa"], event["@timestamp"]
        where = network or "an address that is not known"
        key = event["event"].get("id", stamp)
        if own.get("policy", {}).get("action") == "REJECT":
            words = f"logged in from {where}, whose connection was rejected"
            account.note("success_on_rejected_connection", stamp, key, words)
        how = own.get("auth", {}).get("mechanism")
        in_clear = not event.get("tls", {}).get("established", True)
        if in_clear and how in ("PLAIN", "LOGIN"):
            words = f"logged in from {where} by {how} without TLS"
            account.note("auth_without_tls", stamp, key, words)


def _append(to: list[Any], item: Any, most: int) -> None:
    """Append to a list that drops its oldest; mostly short, it is smaller so."""
    to.append(item)
    if len(to) > most:
        del to[0]


def _stamp(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%S}.000Z"

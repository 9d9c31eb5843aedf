"""Whether a source guesses or sprays, and whom it got in as, as the SIEM rules say.

A source is an IPv4 address or the /64 of an IPv6 address, and names have no case. The
figures are those of `conf/thresholds.json`. Pure; times are epoch seconds of the log.
"""

from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv6Network

from esa_auth.thresholds import figure

MOST_ACCOUNTS = 64
_MOST_FAILURES = 64


def network(address: str) -> str:
    """Return what the rules count as one source; a host name stays what it is."""
    if ":" not in address:
        return address
    try:
        return str(IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


@dataclass(slots=True)
class _Account:
    """The last failures of one user at one source, and the last success."""

    failures: deque[int] = field(
        default_factory=lambda: deque(
            maxlen=figure("success_after_failures", "failures")
        )
    )
    success: int | None = None


@dataclass(slots=True)
class Tries:
    """The last tries of one source, taken in the order of its log.

    Of another order it forgets nothing and makes nothing up, but a window that is torn
    is not put together. Of more than ``MOST_ACCOUNTS`` users, those of longest ago are
    forgotten.
    """

    _failures: deque[int] = field(default_factory=lambda: deque(maxlen=_MOST_FAILURES))
    _accounts: dict[str, _Account] = field(default_factory=dict)

    def add(self, epoch: int, user: str, *, failed: bool) -> bool:
        """Take a try; return whether it is a success after failures of that user."""
        name = user.lower()
        account = self._accounts.pop(name, None)
        if account is None:
            if len(self._accounts) >= MOST_ACCOUNTS:
                del self._accounts[next(iter(self._accounts))]
            account = _Account()
        self._accounts[name] = account
        if failed:
            self._failures.append(epoch)
            account.failures.append(epoch)
            return False
        account.success = epoch
        before = epoch - figure("success_after_failures", "window")
        wrong = sum(before <= at <= epoch for at in account.failures)
        return wrong >= figure("success_after_failures", "failures")

    def failures(self, now: int) -> int:
        """Return the failures within the window of a brute force that ends ``now``."""
        since = now - figure("brute_force_by_source", "window")
        return sum(since <= at <= now for at in self._failures)

    def users(self, now: int) -> int:
        """Return the users of a spray's window who failed, and did not get in."""
        since = now - figure("password_spray", "window")
        return sum(
            bool(name and account.failures)
            and since <= account.failures[-1] <= now
            and not (account.success is not None and since <= account.success <= now)
            for name, account in self._accounts.items()
        )

    def guesses(self, now: int) -> bool:
        """Return whether this is a brute force."""
        return self.failures(now) >= figure("brute_force_by_source", "failures")

    def sprays(self, now: int) -> bool:
        """Return whether this is a password spray."""
        return self.users(now) >= figure("password_spray", "users")

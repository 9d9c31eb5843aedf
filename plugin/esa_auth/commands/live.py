"""What a stream of events is like just now. Pure; time is given."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from esa_auth.alarms import Tries, network
from esa_auth.thresholds import figure

RATE_SECONDS = 60
_MOST_SOURCES = 5_000
_MOST_LATEST = 1_000


@dataclass(slots=True)
class Watched:
    """One source: its last tries, its last login, and when it got in by guessing."""

    tries: Tries = field(default_factory=Tries)
    login: str | None = None
    guessed: int | None = None

    def alarming(self, now: int) -> bool:
        """Return whether a rule of `conf/sigma` names it at that time of the log."""
        since = now - figure("success_after_failures", "window")
        guessed = self.guessed is not None and self.guessed >= since
        return guessed or self.tries.guesses(now) or self.tries.sprays(now)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A source that guesses or sprays; ``login`` is a user whom it got in as.

    ``failures`` are those of a brute force's window, ``users`` those of a spray's.
    """

    address: str
    failures: int
    users: int
    login: str | None


class Now:
    """Takes valid events; holds a bounded number of sources and failures."""

    def __init__(self) -> None:
        self.attempts = self.failures = 0
        self.latest: deque[dict[str, Any]] = deque(maxlen=_MOST_LATEST)
        self.log_time = 0
        self._sources: dict[str, Watched] = {}
        self._seconds: deque[tuple[int, int, int]] = deque(maxlen=RATE_SECONDS + 1)

    def add(self, event: dict[str, Any], arrived: float | None) -> None:
        """Take an event that came at ``arrived`` seconds; None: it is an old one."""
        about = event["event"]
        if about["action"] not in ("smtp-auth", "smtp-auth-client"):
            return
        failed = about["outcome"] == "failure"
        self.attempts += 1
        self.failures += failed
        epoch = int(datetime.fromisoformat(f"{event['@timestamp'][:19]}Z").timestamp())
        self.log_time = max(self.log_time, epoch)
        if arrived is not None:
            self._count(int(arrived), failed)
        if failed:
            self.latest.append(event)
        source = place(event.get("source"))
        if about["action"] == "smtp-auth" and source:
            user = event.get("user", {}).get("name", "")
            self._watch(network(source), user, epoch, failed)

    def rates(self, now: float) -> tuple[float, float]:
        """Return attempts and failures a second, over the last minute."""
        since = int(now) - RATE_SECONDS
        recent = [row for row in self._seconds if row[0] > since]
        attempts, failures = sum(r[1] for r in recent), sum(r[2] for r in recent)
        return attempts / RATE_SECONDS, failures / RATE_SECONDS

    def alarms(self) -> list[Alarm]:
        """Return the sources in alarm, those that got in first, then by failures."""
        found = []
        now = self.log_time
        for name, source in self._sources.items():
            if source.alarming(now):
                counts = source.tries.failures(now), source.tries.users(now)
                found.append(Alarm(name, *counts, source.login))
        return sorted(found, key=lambda a: (a.login is None, -a.failures, a.address))

    def _count(self, second: int, failed: bool) -> None:
        attempts = failures = 0
        if self._seconds and self._seconds[-1][0] == second:
            _, attempts, failures = self._seconds.pop()
        self._seconds.append((second, attempts + 1, failures + failed))

    def _watch(self, address: str, user: str, epoch: int, failed: bool) -> None:
        # Put behind the others: the one that was quiet for longest goes first.
        source = self._sources.pop(address, None)
        if source is None:
            if not failed:
                return
            if len(self._sources) >= _MOST_SOURCES:
                del self._sources[next(iter(self._sources))]
            source = Watched()
        self._sources[address] = source
        if source.tries.add(epoch, user, failed=failed):
            source.guessed = epoch
        if not failed:
            source.login = user


def place(end: dict[str, Any] | None) -> str:
    """Return where an end of a connection is, which need not be an IP address."""
    known = end or {}
    return str(known.get("ip") or known.get("address") or known.get("domain") or "")

"""One source: what it tried, and whether it guesses."""

from dataclasses import dataclass, field

from esa_auth.alarms import Tries
from esa_auth.report.bounded import Distinct

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
    guesses: bool = False

    @property
    def weight(self) -> tuple[int, int]:
        """What it counts by when there are too many."""
        return self.failures, self.successes

    def add(self, user: str, epoch: int, stamp: str, *, failed: bool) -> bool:
        """Count an attempt on ``user``; return whether it is a guessed login."""
        if failed:
            self.failures += 1
        else:
            self.successes += 1
        self.first, self.last = min(self.first, stamp), max(self.last, stamp)
        user = user.lower()
        self.names.add(user)
        guessed = self.tries.add(epoch, user, failed=failed)
        self.sprays = self.sprays or (failed and self.tries.sprays(epoch))
        self.guesses = self.guesses or (failed and self.tries.guesses(epoch))
        pair = self.users.get(user)
        if pair is None:
            if len(self.users) >= MOST_USERS and not (not failed and self._make_room()):
                return guessed
            pair = self.users[user] = Pair()
        pair.failures += failed
        pair.successes += not failed
        pair.guessed = pair.guessed or guessed
        return guessed

    def _make_room(self) -> bool:
        """Drop a name that only failed: a login must never be left out for those."""
        for name, pair in self.users.items():
            if not pair.successes:
                del self.users[name]
                return True
        return False

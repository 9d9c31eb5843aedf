"""What a stream of events is like just now. Pure; time is given."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from esa_auth.alarms import Tries, network
from esa_auth.thresholds import figure
from esa_auth.visible import visible

RATE_SECONDS = 60
_MOST_SOURCES = 5_000
_MOST_LATEST = 100


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


_MOST_ALARMS = 6
# Lines of the screen that are not rows of a table.
_FRAME = 9
_NAME = 60


def screen(now: Now, clock: float, refused: int, height: int) -> RenderableType:
    """Return the picture of this moment; ``clock`` as given to `Now.add`."""
    alarms = now.alarms()[:_MOST_ALARMS]
    rows = max(1, height - _FRAME - max(1, len(alarms)))
    return Group(
        _head(now, clock),
        Panel(_alarms(alarms), title="sources in alarm"),
        Panel(_failures(now, rows), title="last failures"),
        _foot(refused),
    )


def _head(now: Now, clock: float) -> Text:
    attempts, failures = now.rates(clock)
    text = f"{attempts:.1f} attempts/s, {failures:.1f} failures/s; in all"
    text += f" {now.attempts:,} attempts, {now.failures:,} failures"
    return Text(text, style="bold", no_wrap=True, overflow="ellipsis")


def _foot(refused: int) -> Text:
    text = f"; {refused:,} lines are no events" if refused else ""
    return Text(f"q or Ctrl-C: quit{text}", style="dim", no_wrap=True)


def _alarms(alarms: list[Alarm]) -> RenderableType:
    if not alarms:
        return Text("none", style="green")
    table = _table(("address", 3), ("failures", 1), ("users", 1), ("got in as", 3))
    for alarm in alarms:
        counts = Text(str(alarm.failures)), Text(str(alarm.users))
        login = "" if alarm.login is None else _name(alarm.login)
        address = Text(_name(alarm.address))
        table.add_row(address, *counts, Text(login, style="bold red"))
    return table


def _failures(now: Now, rows: int) -> RenderableType:
    table = _table(("time", 2), ("user", 3), ("address", 3), ("appliance", 2))
    for event in list(now.latest)[: -rows - 1 : -1]:
        other = event.get("source") or event.get("destination")
        table.add_row(
            Text(event["@timestamp"][11:19]),
            Text(_name(event.get("user", {}).get("name", ""))),
            Text(_name(place(other))),
            Text(_name(event["observer"]["name"])),
        )
    return table


def _name(text: str) -> str:
    return visible(text, _NAME)


def _table(*columns: tuple[str, int]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False)
    for title, ratio in columns:
        table.add_column(title, ratio=ratio, no_wrap=True, overflow="ellipsis")
    return table

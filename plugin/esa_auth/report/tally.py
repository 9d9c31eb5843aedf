"""Event by event into counts; what is held does not grow with the number of events."""

from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappush, heapreplace
from typing import Any, TypeAlias

from esa_auth.alarms import network
from esa_auth.report.bounded import Distinct, Kept, Timeline
from esa_auth.report.risks import Risks
from esa_auth.report.source import SourceRow
from esa_auth.visible import visible

MOST_SOURCES = 5_000
MOST_KINDS = 50
MOST_ROWS = 1_000
MOST_SESSIONS = 50

# The ECS document, as everywhere.
Event: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Refusals:
    """Tries of the appliance at another server that were refused."""

    count: int = 0
    last: str = ""


@dataclass(slots=True)
class Administrator:
    """Lines of logins to the appliance itself, of one name from one address."""

    successes: int = 0
    failures: int = 0
    interfaces: set[str] = field(default_factory=set)
    last: str = ""


class Latest:
    """The ``most`` events with the greatest keys."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[Any, int, Event]] = []
        self._number = 0

    def add(self, key: str | int, event: Event) -> None:
        """Keep ``event`` if it is among them; of equal ones, the later."""
        self._number += 1
        if len(self._heap) < self._most:
            heappush(self._heap, (key, self._number, event))
        elif key >= self._heap[0][0]:
            heapreplace(self._heap, (key, self._number, event))

    def __iter__(self) -> Any:
        """Yield them, greatest first."""
        ordered = sorted(self._heap, key=lambda item: item[:2], reverse=True)
        return iter([event for _, _, event in ordered])


@dataclass(slots=True)
class About:
    """What is said of the reading itself.

    ``files`` are the names of those that were read. ``since`` and ``until`` are
    ``@timestamp`` texts, the second one excluded.
    """

    made: str = ""
    files: list[str] = field(default_factory=list)
    since: str | None = None
    until: str | None = None
    appliance: str | None = None
    notes: list[str] = field(default_factory=list)


class Tally:
    """Takes valid events of any order; see `document` for what it is read by."""

    def __init__(self, about: About) -> None:
        self.about = about
        self.events = self.attempts = self.failures = self.relayed = 0
        self.first, self.last = "~", ""
        self.timeline = Timeline()
        self.appliances = _counts()
        self.risks = Risks()
        self.users = Distinct()
        self.sources: Kept[SourceRow] = Kept(
            MOST_SOURCES, SourceRow, lambda row: row.weight
        )
        self.mechanisms = _counts()
        self.tls = _counts()
        self.notices = _counts()
        self.refusals: Kept[Refusals] = Kept(
            MOST_KINDS, Refusals, lambda row: (row.count,)
        )
        self.administrators: Kept[Administrator] = Kept(
            MOST_KINDS, Administrator, lambda row: (row.successes, row.failures)
        )
        self.sessions = Latest(MOST_SESSIONS)
        self.rows = Latest(MOST_ROWS)

    def add(self, event: Event) -> None:
        """Count ``event`` if it is of the time and the appliance asked for."""
        about, stamp = self.about, event["@timestamp"]
        if about.since and stamp < about.since:
            return
        if about.until and stamp >= about.until:
            return
        if about.appliance and event["observer"]["name"] != about.appliance:
            return
        self.events += 1
        self.first, self.last = min(self.first, stamp), max(self.last, stamp)
        self.appliances[event["observer"]["name"]][0] += 1
        action = event["event"]["action"]
        if action in ("smtp-auth", "smtp-auth-client"):
            self._attempt(event, stamp)
        elif action in ("smtp-session-end", "smtp-session-progress"):
            self._session(event, stamp)
        elif action == "admin-login":
            self._administrator(event, stamp)
        elif action in ("admin-logout", "smtp-session-progress"):
            # The end of a session has all that its reports had.
            return
        else:
            self.notices[event["event"].get("code", action)][0] += 1

    def _attempt(self, event: Event, stamp: str) -> None:
        """Take a login at the appliance, or of the appliance at another server."""
        failed = event["event"]["outcome"] == "failure"
        epoch = _epoch(stamp)
        self.attempts += 1
        self.failures += failed
        self.timeline.add(epoch, failed=failed)
        self.rows.add(stamp, event)
        auth = event["cisco_esa"].get("auth", {})
        self.mechanisms[auth.get("mechanism", "not said")][failed] += 1
        self.tls[tls_of(event)][failed] += 1
        if event["event"]["action"] == "smtp-auth":
            self._gateway(event, epoch, stamp, failed)
        else:
            self.relayed += 1
            if failed:
                self._refused(event, stamp)

    def _gateway(self, event: Event, epoch: int, stamp: str, failed: bool) -> None:
        user = event.get("user", {}).get("name", "")
        address = network(event.get("source", {}).get("ip", ""))
        self.users.add(user)
        source = self.sources[address]
        if source.add(user, epoch, stamp, failed=failed):
            pair = source.users.get(user.lower())
            failures = pair.failures if pair else source.failures
            self.risks.guessed(user, address, stamp, failures)
        if name := event["cisco_esa"].get("reverse_dns"):
            source.reverse_dns = name.get("name")
            source.verified = name["verified"]
        source.country = country_of(event) or source.country
        self.risks.attempt(event, address, epoch, failed=failed)

    def _refused(self, event: Event, stamp: str) -> None:
        parts = (
            event.get("destination", {}).get("ip", ""),
            event["cisco_esa"].get("auth", {}).get("profile", ""),
            event.get("error", {}).get("code", ""),
            event["event"].get("reason", ""),
        )
        # A reply is the other server's text: bounded, and without NUL, as a key.
        row = self.refusals["\0".join(map(visible, parts))]
        row.count += 1
        row.last = max(row.last, stamp)

    def _administrator(self, event: Event, stamp: str) -> None:
        user = event.get("user", {}).get("name", "")
        address = event.get("source", {}).get("ip", "")
        # The name is the attacker's text: without NUL, as a key.
        row = self.administrators[f"{address}\0{visible(user)}"]
        failed = event["event"]["outcome"] == "failure"
        row.failures += failed
        row.successes += not failed
        row.last = max(row.last, stamp)
        if interface := event["cisco_esa"].get("admin", {}).get("interface"):
            row.interfaces.add(visible(interface, 20))

    def _session(self, event: Event, stamp: str) -> None:
        summary = event["cisco_esa"]["summary"]
        self.risks.session(event, _epoch(stamp))
        got_in = summary["attempts"] > summary["failures"]
        ended = event["event"]["action"] == "smtp-session-end"
        if ended and got_in and summary.get("recipients"):
            self.sessions.add(summary["recipients"], event)


def tls_of(event: Event) -> str:
    """Return how a connection was protected, in words."""
    tls = event.get("tls")
    if tls is None:
        return "not known"
    if not tls["established"]:
        return "none (in clear)"
    return f"TLS {tls['version']}" if "version" in tls else "TLS, version not known"


def country_of(event: Event) -> str | None:
    """Return where an address is, as a table of places or the appliance says."""
    geo = event.get("source", {}).get("geo", {})
    policy = event["cisco_esa"].get("policy", {})
    found: str | None = geo.get("country_iso_code") or policy.get("country")
    return found


def _epoch(stamp: str) -> int:
    return int(datetime.fromisoformat(f"{stamp[:19]}+00:00").timestamp())


def _counts() -> Kept[list[int]]:
    """Successes and failures by a name."""
    return Kept(MOST_KINDS, lambda: [0, 0], lambda row: (sum(row),))

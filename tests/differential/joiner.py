"""A slow joiner, written from the documented rules alone. It imports nothing of ours.

It reads the usual forms of one framing (a BSD or RFC 3339 stamp, a host, a
subscription) and says what each event must say of outcome, names, client, TLS, sender
group and counts. It keeps each connection as a plain object and looks up nothing
cleverly, so that a wrong answer of the program has nowhere to hide.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

LATE = 2
MAX_AGE = 6 * 3600
DAY = 86_400

_LINE = re.compile(
    r"<[0-9]+>(?:(?P<iso>[0-9-]{10}T[0-9:]{8}Z)|(?P<bsd>\w{3} [ 0-9]{2} [0-9:]{8})) "
    r"(?P<host>\S+) mail_logs: Info: (?P<body>.*)",
    re.DOTALL,
)
_NEW = re.compile(
    r"New SMTP (?P<side>ICID|DCID) (?P<number>[0-9]+) interface .*? "
    r"address (?P<address>\S+)(?P<tail> reverse dns host .* verified (?:yes|no)"
    r"| port [0-9]+)"
)
_HAT = re.compile(r"ICID (?P<number>[0-9]+) [A-Z]+ SG (?P<group>\S+) .*")
_TLS = re.compile(
    r"(?P<side>ICID|DCID) (?P<number>[0-9]+) TLS (?P<said>success|failed).*"
)
_CLOSE = re.compile(r"(?P<side>ICID|DCID) (?P<number>[0-9]+) close")
_RESULT = re.compile(
    r"SMTP Auth: \(ICID (?P<number>[0-9]+)\) (?P<said>succeeded|failed) for user: "
    r"(?P<user>.*) using AUTH mechanism: (?P<mechanism>\S+) with profile:"
    r"(?: (?P<profile>.*))?",
    re.DOTALL,
)
_RELAY = re.compile(
    r"DCID: (?P<number>[0-9]+) IP: (?P<address>\S+) SMTP authentication using the "
    r"profile (?P<profile>.*?) (?P<said>succeeded\.?|failed(?:: .*)?)",
    re.DOTALL,
)
_START = re.compile(r"Start MID (?P<mid>[0-9]+) ICID (?P<number>[0-9]+)")
_TO = re.compile(r"MID (?P<mid>[0-9]+) ICID (?P<number>[0-9]+) RID [0-9]+ To: .*")
_FROM = re.compile(
    r"MID (?P<mid>[0-9]+) ICID (?P<number>[0-9]+) (?:From|(?:RID [0-9]+ )?To): .*"
)
_READY = re.compile(r"MID (?P<mid>[0-9]+) ready [0-9]+ bytes from .*")
_DONE = re.compile(
    r"Message done DCID (?P<number>[0-9]+) MID [0-9]+ to RID \[(?P<rids>[0-9, ]*)\].*"
)
_AUTH_WORDS = ("smtp auth", "smtpauth", "auth ", "auth:", "sasl")


class Said(NamedTuple):
    """What one event must say; ``counts`` only of a session, at its end or open."""

    action: str
    host: str
    number: int
    at: int
    outcome: str | None
    user: str | None
    client: str | None
    server: str | None
    tls: bool | None
    group: str | None
    context: str
    counts: tuple[int, ...] = ()


@dataclass
class Connection:
    """One generation of a number: from its opening to its end."""

    side: str
    number: int
    #: Time of the line that began it, or of the opening line.
    since: int
    opening: tuple[int, str] | None = None
    hat: str | None = None
    tls: bool | None = None
    peer: str | None = None
    #: Time of the first AUTH line; None while there was none.
    auth: int | None = None
    last: int = 0
    users: list[str] = field(default_factory=list)
    success: str | None = None
    #: Attempts, failures, messages taken or recipients delivered to, recipients.
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    mids: dict[str, int] = field(default_factory=dict)
    #: Recipients that were told of while it was open, and when that was last.
    told: int = 0
    told_at: int | None = None

    @property
    def start(self) -> int:
        """When it began, as far as it was seen."""
        if self.opening:
            return self.opening[0]
        return self.since if self.auth is None else self.auth


class Joiner:
    """Takes lines in their order; the three lists are what must be said."""

    def __init__(
        self, reference: int, recipients: int | None = None, seconds: int | None = None
    ) -> None:
        """``reference`` is a time shortly after the lines (epoch seconds).

        An open session is reported after so many ``recipients``, or ``seconds``.
        """
        self.results: list[Said] = []
        self.ends: list[Said] = []
        self.reports: list[Said] = []
        self._recipients, self._seconds = recipients, seconds
        self.refused = 0
        self._reference = reference
        self._open: dict[tuple[str, str, int], Connection] = {}
        self._mids: dict[tuple[str, str], Connection] = {}

    def feed(self, line: bytes) -> None:
        """Take one line."""
        found = _LINE.fullmatch(line.decode("utf-8", "backslashreplace").rstrip())
        if found is None:
            return
        host, body, at = found["host"], found["body"], self._time(found)
        if match := _NEW.fullmatch(body):
            self._new(host, match, at)
        elif match := _CLOSE.fullmatch(body):
            self._close(host, match["side"], int(match["number"]), at)
        elif match := _HAT.fullmatch(body):
            self._context(host, "ICID", int(match["number"]), at).hat = match["group"]
        elif match := _TLS.fullmatch(body):
            about = self._context(host, match["side"], int(match["number"]), at)
            about.tls = about.tls or match["said"] == "success"
        elif match := _RESULT.fullmatch(body):
            self._result(host, "ICID", match, at)
        elif match := _RELAY.fullmatch(body):
            self._result(host, "DCID", match, at)
        elif body.lower().startswith(_AUTH_WORDS) or body.startswith("DCID: "):
            self.refused += 1
        else:
            self._message(host, body, at)

    def finish(self) -> None:
        """End what is still open."""
        for (host, _, _), about in list(self._open.items()):
            self._end(host, about, None)
        self._open.clear()

    def _time(self, found: re.Match[str]) -> int:
        if found["iso"]:
            return int(datetime.fromisoformat(found["iso"]).timestamp())
        year = datetime.fromtimestamp(self._reference + DAY, UTC).year
        for candidate in (year, year - 1):
            stamp = f"{candidate} {found['bsd']} +0000"
            at = int(datetime.strptime(stamp, "%Y %b %d %H:%M:%S %z").timestamp())
            if at <= self._reference + DAY:
                return at
        raise AssertionError(found["bsd"])

    def _live(self, host: str, side: str, number: int, at: int) -> Connection | None:
        """Return a connection that is not too old; end and forget one that is."""
        about = self._open.get((host, side, number))
        if about is not None and abs(at - about.start) > MAX_AGE:
            del self._open[host, side, number]
            self._end(host, about, None)
            return None
        return about

    def _new(self, host: str, match: re.Match[str], at: int) -> None:
        key = host, match["side"], int(match["number"])
        before = self._live(*key, at)
        opening = at, match["address"]
        if before and before.opening is None and abs(at - before.since) <= LATE:
            before.opening, before.peer = opening, match["address"]
            return
        if before:
            self._end(host, before, None)
        made = Connection(key[1], key[2], at, opening, peer=match["address"])
        self._open[key] = made

    def _context(self, host: str, side: str, number: int, at: int) -> Connection:
        about = self._live(host, side, number, at)
        if about is None:
            about = self._open[host, side, number] = Connection(side, number, at)
        return about

    def _result(self, host: str, side: str, match: re.Match[str], at: int) -> None:
        about = self._context(host, side, int(match["number"]), at)
        failed = match["said"].startswith("failed")
        about.auth = at if about.auth is None else about.auth
        about.counts[0] += 1
        about.counts[1] += failed
        user = None
        if side == "ICID":
            user = match["user"] or None
            if user and user not in about.users:
                about.users.append(user)
            if user and not failed:
                about.success = user
        elif about.peer is None:
            about.peer = match["address"]
        said = self._said(host, about, at)
        self.results.append(
            said._replace(
                action="smtp-auth" if side == "ICID" else "smtp-auth-client",
                outcome="failure" if failed else "success",
                user=user,
            )
        )

    def _message(self, host: str, body: str, at: int) -> None:
        if match := _DONE.fullmatch(body):
            about = self._live(host, "DCID", int(match["number"]), at)
            if about and about.auth is not None:
                about.counts[2] += len(match["rids"].split(", "))
                self._report(host, about, at, about.counts[2])
        elif match := _START.fullmatch(body) or _FROM.fullmatch(body):
            about = self._live(host, "ICID", int(match["number"]), at)
            if about is None or about.auth is None:
                return
            key = host, match["mid"]
            known = self._mids.get(key)
            if body.startswith("Start") or known is None:
                if known is not None:
                    known.mids.pop(match["mid"], None)
                self._mids[key], about.mids[match["mid"]] = about, 0
            if _TO.fullmatch(body):
                self._mids[key].mids[match["mid"]] += 1
        elif match := _READY.fullmatch(body):
            sender = self._mids.pop((host, match["mid"]), None)
            if sender is not None:
                sender.counts[2] += 1
                sender.counts[3] += sender.mids.pop(match["mid"])
                self._report(host, sender, at, sender.counts[3])

    def _report(self, host: str, about: Connection, at: int, handled: int) -> None:
        since = about.told_at
        if since is None:
            since = about.opening[0] if about.opening else about.since
        enough = self._recipients and handled - about.told >= self._recipients
        if enough or (self._seconds and abs(at - since) >= self._seconds):
            about.told, about.told_at = handled, at
            said = self._said(host, about, at)
            said = said._replace(action="smtp-session-progress", user=about.success)
            self.reports.append(said._replace(counts=_counts(about)))

    def _close(self, host: str, side: str, number: int, at: int) -> None:
        about = self._live(host, side, number, at)
        if about is not None:
            del self._open[host, side, number]
            self._end(host, about, at)

    def _end(self, host: str, about: Connection, closed: int | None) -> None:
        for mid in about.mids:
            self._mids.pop((host, mid), None)
        if about.auth is None:
            return
        said = self._said(host, about, -1 if closed is None else closed)
        self.ends.append(said._replace(user=about.success, counts=_counts(about)))

    def _said(self, host: str, about: Connection, at: int) -> Said:
        inbound = about.side == "ICID"
        seen = about.opening or about.hat or about.tls is not None
        whole = about.opening and (about.hat or not inbound)
        tls = True if about.tls else (False if about.opening else None)
        return Said(
            action="smtp-session-end",
            host=host,
            number=about.number,
            at=at,
            outcome=None,
            user=None,
            client=about.peer if inbound else None,
            server=None if inbound else about.peer,
            tls=tls,
            group=about.hat,
            context="complete" if whole else "partial" if seen else "missing",
            counts=(),
        )


def _counts(about: Connection) -> tuple[int, ...]:
    attempts, failures, handed, recipients = about.counts
    if about.side == "DCID":
        return attempts, failures, handed
    return attempts, failures, len(about.users), handed, recipients

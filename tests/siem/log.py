"""Writes the lines that an ESA writes, for attacks that a test plants.

Every form is one that `mail_logs` is known to have; addresses are those set aside for
documentation.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

Key = tuple[str, ...]


class Named(NamedTuple):
    """What another rule than the scenario's own must name in it, too."""

    rule: str
    key: Key


# The number of a connection or a message, in a line or in the id of a session.
_NUMBER = re.compile(r"((?:[ID]CID:?|MID|^esa\d+:) ?)(\d+)")
REJECTED = "REJECT SG BLACKLIST match sbrs[-10.0:-2.0] SBRS -9.9"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TLS = "TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256-GCM-SHA384"


@dataclass(slots=True)
class Log:
    """Collects lines with their times, and gives each session its number."""

    begin: float
    """Minutes after `START`."""
    numbers: "count[int]"
    appliance: str = "esa01"
    lines: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def begun(self) -> datetime:
        """When the scenario begins."""
        return self.now(0)

    def now(self, seconds: float) -> datetime:
        """Return the time ``seconds`` into the scenario."""
        return START + timedelta(minutes=self.begin, seconds=int(seconds))

    def write(self, seconds: float, body: str, level: str = "Info") -> str:
        """Note a line ``seconds`` into the scenario; return it as it will stand."""
        at = self.now(seconds)
        line = f"{at:%a %b} {at.day:2d} {at:%H:%M:%S %Y} {level}: {body}"
        self.lines.append((at, line))
        return line

    def raw(self, seconds: float, line: str) -> None:
        """Note a line that no appliance writes so."""
        self.lines.append((self.now(seconds), line))

    def opened(
        self,
        seconds: float,
        address: str,
        policy: str = "ACCEPT SG UNKNOWNLIST match sbrs[none] SBRS None",
        tls: str | None = TLS,
    ) -> int:
        """Open an inbound connection; return its ICID."""
        icid = next(self.numbers)
        self.write(
            seconds,
            f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) address {address} "
            "reverse dns host unknown verified no",
        )
        self.write(seconds, f"ICID {icid} {policy}")
        if tls is not None:
            self.write(seconds, f"ICID {icid} {tls}")
        return icid

    def login(
        self,
        seconds: float,
        icid: int,
        user: str,
        *,
        good: bool = False,
        mechanism: str = "LOGIN",
    ) -> str:
        """Note the verdict on an attempt."""
        outcome = "succeeded" if good else "failed"
        return self.write(
            seconds,
            f"SMTP Auth: (ICID {icid}) {outcome} for user: {user} "
            f"using AUTH mechanism: {mechanism} with profile: staff",
        )

    def attempt(
        self, seconds: float, address: str, user: str, *, good: bool = False
    ) -> str:
        """Open a connection, log in once, and close it."""
        icid = self.opened(seconds, address)
        line = self.login(seconds + 1, icid, user, good=good)
        self.write(seconds + 2, f"ICID {icid} close")
        return line

    def message(self, seconds: float, icid: int, sender: str, recipients: int) -> None:
        """Note a message that is accepted with all its recipients."""
        mid = next(self.numbers)
        self.write(seconds, f"Start MID {mid} ICID {icid}")
        self.write(seconds, f"MID {mid} ICID {icid} From: <{sender}@example.com>")
        for rid in range(recipients):
            to = f"<r{rid}@example.org>"
            self.write(seconds + 1, f"MID {mid} ICID {icid} RID {rid} To: {to}")
        self.write(
            seconds + 2, f"MID {mid} ready 2210 bytes from <{sender}@example.com>"
        )
        self.write(seconds + 2, f"MID {mid} queued for delivery")

    def outbound(self, seconds: float, address: str, verdict: str) -> str:
        """Connect to a server, log in there with that verdict, and close."""
        dcid = next(self.numbers)
        self.write(
            seconds,
            f"New SMTP DCID {dcid} interface 192.0.2.1 address {address} port 587",
        )
        self.write(seconds, f"DCID {dcid} {TLS}")
        line = self.write(
            seconds + 1,
            f"DCID: {dcid} IP: {address} SMTP authentication using the profile "
            f"smarthost {verdict}",
        )
        self.write(seconds + 3, f"DCID {dcid} close")
        return line


class Rising:
    """Numbers of connections and messages that rise with time, as an appliance's do."""

    def __init__(self, lines: list[tuple[datetime, str]]) -> None:
        self._numbers: dict[str, int] = {}
        self.lines = tuple(self.changed(line) for _, line in lines)

    def changed(self, text: str) -> str:
        """Return a line, or the id of a session, with its numbers."""
        return _NUMBER.sub(self._new, text)

    def _new(self, match: re.Match[str]) -> str:
        number = self._numbers.setdefault(match[2], 1000 + len(self._numbers))
        return f"{match[1]}{number}"


def failures(
    log: Log, address: str, users: list[str], every: float, per_session: int = 3
) -> None:
    """Fail for each of ``users``, one ``every`` so many seconds."""
    icid = 0
    for number, user in enumerate(users):
        if number % per_session == 0:
            icid = log.opened(every * number, address)
        log.login(every * number + 1, icid, user)
        if number % per_session == per_session - 1 or number == len(users) - 1:
            log.write(every * number + 3, f"ICID {icid} close")


def delayed(log: Log, icid: int, address: str) -> None:
    """Note that the rejection of a connection is put off."""
    log.write(
        1,
        f"ICID {icid} Delayed HAT REJECT continuing session for recipient logging "
        f"({address})",
    )

"""Writes the lines that an ESA writes, for attacks that a test plants.

Every form is one that `mail_logs` is known to have; addresses are those set aside for
documentation.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

Key = tuple[str, ...]

REJECTED = "REJECT SG BLACKLIST match sbrs[-10.0:-2.0] SBRS -9.9"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TLS = "TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256-GCM-SHA384"


@dataclass(slots=True)
class Log:
    """Collects lines with their times, and gives each session its number."""

    begin: float
    """Minutes after `START`."""
    numbers: "count[int]"
    lines: list[tuple[datetime, str]] = field(default_factory=list)

    def write(self, seconds: float, body: str, level: str = "Info") -> str:
        """Note a line ``seconds`` into the scenario; return it as it will stand."""
        at = START + timedelta(minutes=self.begin, seconds=int(seconds))
        line = f"{at:%a %b} {at.day:2d} {at:%H:%M:%S %Y} {level}: {body}"
        self.lines.append((at, line))
        return line

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

"""Bodies of mail_logs lines, session by session, from a seeded generator.

Knows nothing of stamps, framing or files. Addresses come from the documentation
ranges and names from example.com, example.org and example.net alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

RESULT_STARTS = ("SMTP Auth: (ICID ", "DCID: ")
INTERFACE = "interface Data 1 (192.0.2.10)"
DOMAINS = ("example.com", "example.org", "example.net")
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
GUESSED = ("admin", "info", "test", "scanner", "postmaster", "sales", "backup")
COUNTRIES = ("United States", "Germany", "Netherlands", "Japan", "Brazil")
CIPHERS = (
    "TLSv1.2 cipher ECDHE-RSA-AES256-GCM-SHA384",
    "TLSv1.3 cipher TLS_AES_256_GCM_SHA384",
)
SUBJECTS = (
    "Minutes of Tuesday",
    "Re: invoice 4711",
    "Your parcel is on its way",
    "Fwd: holiday plan",
    "Status of the migration",
)
FORGED = (
    "SMTP Auth: (ICID 1) succeeded for user: root "
    "using AUTH mechanism: PLAIN with profile: forged"
)
INBOUND_SPREAD = 4096


def is_result(body: str) -> bool:
    """Say whether a generated body is an AUTH result line."""
    return body.startswith(RESULT_STARTS)


def client_address(number: int) -> str:
    """Give the documentation address with this number, one in sixteen IPv6."""
    if number % 16 == 15:
        return f"2001:db8:{number >> 4 & 0xFFF:x}::25"
    network = "198.51.100" if number % 2 else "203.0.113"
    return f"{network}.{1 + (number >> 1) % 254}"


@dataclass
class Traffic:
    """Counters of one appliance and the source of its chances."""

    random: Random
    icids: Iterator[int] = field(default_factory=lambda: count(60140120))
    mids: Iterator[int] = field(default_factory=lambda: count(24611400))
    dcids: Iterator[int] = field(default_factory=lambda: count(6565500))

    def opening(self, icid: int, group: str = "UNKNOWNLIST") -> list[str]:
        number = int(self.random.random() * INBOUND_SPREAD)
        name = f"host{number}.{DOMAINS[number % 3]}" if number % 5 else "unknown"
        verified = "yes" if number % 5 > 1 else "no"
        score = f"{number % 60 / 10:.1f} country {COUNTRIES[number % 5]}"
        return [
            f"New SMTP ICID {icid} {INTERFACE} address {client_address(number)}"
            f" reverse dns host {name} verified {verified}",
            f"ICID {icid} ACCEPT SG {group} match sbrs[-1.0:10.0] SBRS {score}",
        ]

    def inbound_tls(self, icid: int) -> str:
        return f"ICID {icid} TLS success protocol {self.random.choice(CIPHERS)}"

    def inbound_result(self, icid: int, user: str, outcome: str) -> str:
        mechanism = "LOGIN" if self.random.random() < 0.5 else "PLAIN"
        return (
            f"SMTP Auth: (ICID {icid}) {outcome} for user: {user} "
            f"using AUTH mechanism: {mechanism} with profile: IncomingAuthentication"
        )

    def outbound_result(self, dcid: int, address: str, accepted: bool) -> str:
        told = (
            "succeeded."
            if accepted
            else "failed: ('535', ['5.7.8 Error: authentication failed'])"
        )
        return (
            f"DCID: {dcid} IP: {address} SMTP authentication "
            f"using the profile OutboundAuthentication {told}"
        )

    def accepted(self, icid: int, mid: int, subject: str) -> list[str]:
        """Give the lines from MAIL FROM to the end of DATA."""
        number = int(self.random.random() * INBOUND_SPREAD)
        domain = DOMAINS[number % 3]
        sender = f"{PEOPLE[number % 8]}{number % 97}@{domain}"
        recipient = f"{PEOPLE[number % 7]}@{DOMAINS[number % 2]}"
        return [
            f"Start MID {mid} ICID {icid}",
            f"MID {mid} ICID {icid} From: <{sender}>",
            f"MID {mid} ICID {icid} RID 0 To: <{recipient}>",
            f"MID {mid} SPF: mailfrom identity {sender} Pass (v=spf1)",
            f"MID {mid} DKIM: pass signature verified (d={domain} s=s1 i=@{domain})",
            f"MID {mid} DMARC: Message from domain {domain}, DMARC pass"
            " (SPF aligned True, DKIM aligned True)",
            f"MID {mid} DMARC: Verification passed",
            f"MID {mid} Message-ID '<{mid}.{number}@mail.{domain}>'",
            f'MID {mid} Subject "{subject}"',
            f"MID {mid} SDR: Domains for which SDR is requested: reverse DNS host: "
            f"host{number}.{domain}, helo: mail.{domain}, env-from: {domain}, "
            f"header-from: {domain}, reply-to: Not Present",
            f"MID {mid} SDR: Consolidated Sender Threat Level: Neutral, Threat "
            f"Category: N/A, Suspected Domain(s) : N/A. Sender Maturity: 30 days "
            f"(or greater) for domain: {domain}",
            f"MID {mid} ready {2000 + number * 7} bytes from <{sender}>",
        ]

    def scanned(self, mid: int, table: str) -> list[str]:
        return [
            f"MID {mid} matched all recipients for per-recipient policy DEFAULT"
            f" in the {table} table",
            f"MID {mid} using engine: CASE spam negative",
            f"MID {mid} interim AV verdict using Sophos CLEAN",
            f"MID {mid} antivirus negative ",
            f"MID {mid} Outbreak Filters: verdict negative",
            f"MID {mid} queued for delivery",
        ]

    def delivered(self, mid: int, result: bool | None) -> list[str]:
        """Give the lines of a delivery; ``result`` adds an outbound AUTH."""
        dcid = next(self.dcids)
        address = f"198.51.100.{1 + dcid % 254}"
        lines = [
            f"New SMTP DCID {dcid} interface 192.0.2.20 address {address} port 25",
            f"DCID {dcid} TLS success protocol {self.random.choice(CIPHERS)}",
        ]
        if result is not None:
            lines.append(self.outbound_result(dcid, address, result))
        lines.append(f"Delivery start DCID {dcid} MID {mid} to RID [0]")
        if result is False:
            return [
                *lines,
                f"Bounced: DCID {dcid} MID {mid} to RID 0 - Bounced by destination "
                "server with response: 5.1.0 - Unknown address error ('554', "
                "['5.7.1 <bob@example.com>: Relay access denied'])",
                f"Message finished MID {mid} done",
                f"DCID {dcid} close",
            ]
        return [
            *lines,
            f"Message done DCID {dcid} MID {mid} to RID [0] ",
            f"MID {mid} RID [0] Response '2.0.0 Ok: queued as {mid * 7919:X}'",
            f"Message finished MID {mid} done",
            f"DCID {dcid} close",
        ]

    def message(
        self,
        user: str | None = None,
        outbound: bool | None = None,
        subject: str | None = None,
    ) -> list[str]:
        """Give one session that hands in one message, delivered at once."""
        icid, mid = next(self.icids), next(self.mids)
        lines = self.opening(icid, "SUBMISSION" if user else "UNKNOWNLIST")
        if user or self.random.random() < 0.85:
            lines.append(self.inbound_tls(icid))
        if user:
            lines.append(self.inbound_result(icid, user, "succeeded"))
        lines += self.accepted(icid, mid, subject or self.random.choice(SUBJECTS))
        lines += self.scanned(mid, "outbound" if user else "inbound")
        lines.append(f"ICID {icid} close")
        return lines + self.delivered(mid, outbound)

    def submission(self) -> list[str]:
        person, domain = self.random.choice(PEOPLE), self.random.choice(DOMAINS)
        return self.message(user=f"{person}@{domain}")

    def relayed(self) -> list[str]:
        return self.message(outbound=self.random.random() < 0.8)

    def decoy(self) -> list[str]:
        return self.message(subject=FORGED)

    def guesses(self, attempts: int) -> list[str]:
        """Give one session of a guesser who never gets in."""
        icid = next(self.icids)
        users = self.random.choices(GUESSED, k=attempts)
        return [
            *self.opening(icid, "SUBMISSION"),
            *(self.inbound_result(icid, user, "failed") for user in users),
            f"ICID {icid} lost",
            f"ICID {icid} close",
        ]

    def refused(self) -> list[str]:
        icid = next(self.icids)
        first, _ = self.opening(icid)
        return [
            first,
            f"ICID {icid} REJECT SG BLOCKLIST match sbrs[-10.0:-3.0] SBRS -7.2",
            f"ICID {icid} close",
        ]

    def ordinary_sessions(self) -> Iterator[list[str]]:
        """Deal sessions from a shuffled deck, so that shares hold exactly.

        A deck has about 2,500 lines; 25 are AUTH results, 6 of them outbound.
        """
        deck: list[Callable[[], list[str]]] = [
            *[self.message] * 72,
            *[self.submission] * 10,
            *[self.relayed] * 6,
            self.decoy,
            *[lambda: self.guesses(1)] * 3,
            lambda: self.guesses(6),
            *[self.refused] * 7,
        ]
        while True:
            self.random.shuffle(deck)
            for session in deck:
                yield session()

    def flood_sessions(self) -> Iterator[list[str]]:
        """Give sessions with one AUTH result in every four lines."""
        while True:
            icid = next(self.icids)
            lines = self.opening(icid, "SUBMISSION")
            user = self.random.choice(GUESSED)
            if self.random.random() < 0.2:
                lines += [
                    self.inbound_tls(icid),
                    self.inbound_result(icid, user, "failed"),
                    self.inbound_result(icid, user, "succeeded"),
                    f"ICID {icid} Unknown command: XAUTH",
                    f"ICID {icid} lost",
                ]
            else:
                lines.append(self.inbound_result(icid, user, "failed"))
            yield [*lines, f"ICID {icid} close"]

    def open_sessions(self, sessions: int, probes: int) -> Iterator[str]:
        """Open sessions that stay open, then log in on some spread over all."""
        first = next(self.icids)
        for icid in range(first, first + sessions):
            yield from self.opening(icid)
        for probe in range(probes):
            icid = first + probe * sessions // probes
            yield self.inbound_result(icid, "alice@example.com", "failed")


def interleave(
    random: Random, sessions: Iterator[list[str]], at_once: int
) -> Iterator[str]:
    """Mix the lines of ``at_once`` sessions, each in its own order."""
    slots = [iter(next(sessions)) for _ in range(at_once)]
    chance = random.random
    while True:
        slot = int(chance() * at_once)
        body = next(slots[slot], None)
        while body is None:
            slots[slot] = iter(next(sessions))
            body = next(slots[slot], None)
        yield body

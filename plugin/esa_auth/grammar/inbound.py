"""Lines of an inbound connection (ICID) that carry its context."""

import re

from esa_auth.grammar import tls
from esa_auth.grammar.rule import Rule, compiled
from esa_auth.model.facts import (
    Fact,
    HatDecision,
    InboundAddress,
    InboundOpened,
    Passed,
    SessionClosed,
    SessionLost,
    Tls,
)

_ICID = r"ICID ([0-9]{1,12}) "
_SPAMTOWHO = "spamtowho source, comments"


# The client owns the reverse DNS name: what stands before it is cut off from the left
# and `verified` is read from the right.
_CLIENT = compiled(r"(\S+)(?: reverse dns host(.*) verified (yes|no))?", any_case=True)


def _opened(match: re.Match[str]) -> Fact | None:
    icid, rest = match.groups()
    interface, _, client = rest.partition(" address ")
    found = _CLIENT.fullmatch(client)
    if found is None:
        return None
    address, name, verified = found.groups()
    interface_ip = None
    if interface.endswith(")"):
        interface, _, interface_ip = interface[:-1].rpartition(" (")
    name = name.strip() if name else None
    if not interface or (interface_ip and verified is None):
        # Only AsyncOS before 3.8 ends after the address, and it has no interface
        # address: this line was cut, perhaps in the middle of the client's.
        return None
    return InboundOpened(
        icid,
        interface,
        interface_ip,
        address,
        None if name in (None, "", "unknown") else name,
        None if verified is None else verified.lower() == "yes",
    )


def _hat(match: re.Match[str]) -> Fact:
    icid, action, group, tail = match.groups()
    matched, _, score = tail.partition(" SBRS ")
    sbrs, _, country = score.partition(" country ")
    return HatDecision(
        icid,
        action,
        group,
        matched.strip().removeprefix("match").strip() or None,
        sbrs.strip() or None,
        country.strip() or None,
    )


RULES = (
    Rule(
        name="inbound opened",
        family="opening",
        lead="New",
        expression=r"New \w+ ICID ([0-9]{1,12}) interface (.*)",
        build=_opened,
        sample=(
            "New SMTP ICID 450 interface Data 1 (192.0.2.1) address 198.51.100.7 "
            "reverse dns host mail.example.com verified yes"
        ),
        seen="Cisco notes 118570, 118500; Cribl sample of AsyncOS 7.6.3 (Data 1)",
        any_case=True,
    ),
    Rule(
        name="HAT decision",
        family="context",
        lead="ICID",
        expression=_ICID + r"([A-Z]+) SG (\S+)(.*)",
        build=_hat,
        sample=(
            "ICID 450 ACCEPT SG UNKNOWNLIST match sbrs[-1.0:10.0] SBRS 5.2 "
            "country United States"
        ),
        seen="Cisco notes 118570, 214631; country in a line of 2022",
        also=(
            "ICID 4 RELAY SG RELAYLIST match 198.51.100.7 SBRS rfc1918",
            "ICID 5 REJECT SG BLACKLIST match sbrs[-10.0:-2.0] SBRS -9.9",
        ),
        at_sight=("ACCEPT SG ", "RELAY SG ", "REJECT SG "),
    ),
    Rule(
        name="SenderBase score",
        family="context",
        lead="ICID",
        expression=_ICID + r"SBRS (.+)",
        build=lambda m: HatDecision(m[1], sbrs=m[2]),
        sample="ICID 9461571 SBRS None",
        seen=f"{_SPAMTOWHO} (AsyncOS 3.7.3)",
    ),
    tls.success(
        "icid",
        "inbound TLS success",
        "Cisco note 118500; protocol and cipher in a line of 2022; nothing behind them "
        "was seen on this side",
        "ICID 450 TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256-GCM-SHA384",
        "ICID 450 TLS success",
    ),
    Rule(
        name="inbound TLS failed",
        family="context",
        lead="ICID",
        expression=_ICID + r"TLS failed(?::(?: .*)?)?",
        build=lambda m: Tls("icid", m[1], False),
        sample="ICID 450 TLS failed: [Errno 54] Connection reset by peer",
        seen="Cisco note 118500; with a reason in a thread of 2023",
    ),
    Rule(
        name="inbound TLS required",
        family="context",
        lead="ICID",
        expression=_ICID + r"TLS was required but remote host did not initiate it",
        build=lambda m: Tls("icid", m[1], False),
        sample="ICID 8 TLS was required but remote host did not initiate it",
        seen=_SPAMTOWHO,
    ),
    Rule(
        name="inbound lost",
        family="context",
        lead="ICID",
        expression=_ICID + r"lost",
        build=lambda m: SessionLost(m[1]),
        sample="ICID 450 lost",
        seen="a line of 2022",
    ),
    Rule(
        name="inbound close",
        family="close",
        lead="ICID",
        expression=_ICID + r"close",
        build=lambda m: SessionClosed("icid", m[1]),
        sample="ICID 450 close",
        at_sight=("close",),
        seen="Cisco note 118570",
    ),
    Rule(
        name="inbound killed",
        family="close",
        lead="SMTP",
        expression=r"SMTP server connection killed ICID: ([0-9]{1,12})",
        build=lambda m: SessionClosed("icid", m[1]),
        sample="SMTP server connection killed ICID: 629531",
        seen=_SPAMTOWHO,
    ),
    Rule(
        name="delayed HAT reject",
        family="context",
        lead="ICID",
        expression=(
            _ICID + r"Delayed HAT REJECT continuing session "
            r"for recipient logging \((\S+)\)"
        ),
        build=lambda m: InboundAddress(m[1], m[2]),
        sample=(
            "ICID 450 Delayed HAT REJECT continuing session for recipient logging "
            "(198.51.100.7)"
        ),
        seen="a line of 2022",
    ),
    Rule(
        name="inbound disconnected",
        family="context",
        lead="ICID",
        expression=(
            _ICID + r"disconnected address (\S+), (?:no messages injected "
            r"within timeout period|exceeded allowable connection time)"
        ),
        build=lambda m: InboundAddress(m[1], m[2]),
        sample=(
            "ICID 3 disconnected address 198.51.100.7, "
            "no messages injected within timeout period"
        ),
        seen=f"{_SPAMTOWHO}; the other reason in its message catalogue",
        also=(
            "ICID 3 disconnected address 198.51.100.7, "
            "exceeded allowable connection time",
        ),
    ),
    Rule(
        name="inbound lost early",
        family="context",
        lead="ICID",
        expression=(
            _ICID + r"Connection from (\S+) on interface .* \(\S+\) lost after "
            r"[0-9]+ seconds .*"
        ),
        build=lambda m: InboundAddress(m[1], m[2]),
        sample=(
            "ICID 3 Connection from 198.51.100.7 on interface PublicNet "
            "(192.0.2.1) lost "
            "after 139 seconds (DNS query took 139 seconds), "
            "before any commands were received"
        ),
        seen=_SPAMTOWHO,
    ),
    Rule(
        name="inbound refused",
        family="ignored",
        lead="ICID",
        expression=_ICID + r"(?:Receiving|Injection) Failed: .*",
        build=lambda _: Passed(),
        sample="ICID 9033 Receiving Failed: Message loop",
        seen=_SPAMTOWHO,
        also=("ICID 9034 Injection Failed: Message loop",),
    ),
    Rule(
        name="inbound command refused",
        family="ignored",
        lead="ICID",
        expression=_ICID + r"(?:Unknown command|Bad syntax for command): .*",
        build=lambda _: Passed(),
        sample="ICID 3 Unknown command: HELP ME",
        seen=_SPAMTOWHO,
        evidence="template",
        also=("ICID 3 Bad syntax for command: MAIL FROM ann",),
        at_sight=("Unknown command: ", "Bad syntax for command: "),
    ),
    Rule(
        name="inbound address refused",
        family="ignored",
        lead="ICID",
        expression=(
            _ICID + r"(?:Address: .* sender (?:rejected|allowed), .*"
            r"|(?:MID [0-9]+ )?Invalid (?:sender|recipient) address: .*)"
        ),
        build=lambda _: Passed(),
        sample=(
            "ICID 4 Address: <ann@example.com> sender rejected, "
            "envelope sender domain does not exist"
        ),
        seen=_SPAMTOWHO,
        also=(
            "ICID 4 Address: <ann@example.com> sender allowed, "
            "envelope sender matched domain exception",
            "ICID 4 Invalid sender address: Unsupported domain literal: '[]'",
            "ICID 4 MID 6 Invalid recipient address: Unsupported domain literal: '[]'",
        ),
    ),
    tls.other("icid", "inbound TLS in other words"),
)

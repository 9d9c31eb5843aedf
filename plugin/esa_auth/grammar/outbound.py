"""Lines of an outbound connection (DCID)."""

import re

from esa_auth.grammar import tls
from esa_auth.grammar.reply import read_reply
from esa_auth.grammar.rule import Rule, compiled
from esa_auth.model.facts import (
    Bounced,
    ConnectionFailed,
    Delayed,
    Delivered,
    DeliveryStarted,
    Fact,
    OutboundOpened,
    SessionClosed,
    Tls,
)

_DCID = r"DCID ([0-9]{1,12}) "
_GUIDE = "AsyncOS user guide, logging chapter"
_SPAMTOWHO = "spamtowho source, comments"
_SC4S = "tests of splunk-connect-for-syslog"
_RECIPIENTS = r"(?:RID +)?\[([0-9, ]*)\]"


_SERVER = compiled(r"(\S+)(?: port ([0-9]{1,5}))?")


def _opened(match: re.Match[str]) -> Fact | None:
    dcid, rest = match.groups()
    interface, _, server = rest.partition(" address ")
    found = _SERVER.fullmatch(server)
    if found is None or not interface:
        return None
    address, port = found.groups()
    if port and int(port) > 65535:
        return None
    return OutboundOpened(dcid, interface, address, int(port) if port else None)


def _bounced(match: re.Match[str]) -> Fact:
    tuple_at = match[2].find("('")
    code, reason = read_reply(match[2][tuple_at:]) if tuple_at >= 0 else (None, None)
    return Bounced(match[1], code, reason if code else match[2])


def _count(recipients: str) -> int:
    return recipients.count(",") + 1 if recipients.strip() else 0


RULES = (
    Rule(
        "outbound opened",
        "New",
        r"New \w+ DCID ([0-9]{1,12}) interface (.*)",
        _opened,
        "New SMTP DCID 5633 interface 192.0.2.1 address 198.51.100.9 port 25",
        "Cisco note 118570; without port before AsyncOS 4.6, spamtowho source",
        any_case=True,
    ),
    tls.success(
        "dcid",
        "outbound TLS success",
        f"a thread of 2023; CN in {_SPAMTOWHO}; a domain in {_SC4S}",
        "DCID 30 TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256-SHA384",
        "DCID 30 TLS success protocol TLSv1.2 cipher AES256-SHA for example.com",
        "DCID 30 TLS success CN: <mail.example.com>",
    ),
    Rule(
        "outbound TLS failed",
        "DCID",
        _DCID + r"TLS failed(?::(?: .*)?)?",
        lambda m: Tls("dcid", m[1], False),
        "DCID 80167 TLS failed: STARTTLS unexpected response",
        _SPAMTOWHO,
    ),
    Rule(
        "outbound TLS required",
        "DCID",
        _DCID + r"IP:? (\S+) TLS was required but could not be "
        r"successfully negotiated",
        lambda m: Tls("dcid", m[1], False),
        "DCID 8 IP 198.51.100.9 TLS was required but could not be "
        "successfully negotiated",
        _SPAMTOWHO,
    ),
    Rule(
        "outbound close",
        "DCID",
        _DCID + r"close",
        lambda m: SessionClosed("dcid", m[1]),
        "DCID 5633 close",
        "Cisco note 118570",
    ),
    Rule(
        "outbound killed",
        "SMTP",
        r"SMTP client connection killed DCID: ([0-9]{1,12})",
        lambda m: SessionClosed("dcid", m[1]),
        "SMTP client connection killed DCID: 196546347",
        _SPAMTOWHO,
    ),
    Rule(
        "delivery started",
        "Delivery",
        r"Delivery start DCID ([0-9]{1,12}) MID [0-9]+ to "
        + _RECIPIENTS
        + r"(?: to .*)?",
        lambda m: DeliveryStarted(m[1], _count(m[2])),
        "Delivery start DCID 5633 MID 441 to RID [0]",
        "Cisco note 118570; without RID in the spamtowho source",
    ),
    Rule(
        "delivered",
        "Message",
        r"Message done DCID ([0-9]{1,12}) MID [0-9]+ to " + _RECIPIENTS + r".*",
        lambda m: Delivered(m[1], _count(m[2])),
        "Message done DCID 5633 MID 441 to RID [0, 1] [('from', 'ann@example.com')]",
        f"Cisco note 118570; header tail in the {_GUIDE}",
    ),
    Rule(
        "bounced",
        "Bounced",
        r"Bounced: DCID:? ([0-9]{1,12}) (?:MID|Message) [0-9]+ "
        r"to (?:RID )?[0-9]+ - (.*)",
        _bounced,
        "Bounced: DCID 5640 MID 448 to RID 0 - Bounced by destination server with "
        "response: 5.1.0 - Unknown address error ('554', ['5.7.1 Relay denied'])",
        "Cisco note 118570; with a colon in the spamtowho source",
        also=("Bounced: DCID: 5 Message 4 to 0 - 5.1.0 - Unknown address error",),
    ),
    Rule(
        "delayed",
        "Delayed",
        r"Delayed: DCID:? ([0-9]{1,12}) (?:MID|Message) [0-9]+ "
        r"to (?:RID )?[0-9]+ - .*",
        lambda m: Delayed(m[1]),
        "Delayed: DCID 5 MID 4 to RID 0 - 4.1.0 - Unknown address error "
        "('466', ['Mailbox temporarily full.'])[]",
        f"{_GUIDE}; with a colon in the spamtowho source",
        also=("Delayed: DCID: 5 Message 4 to 0 - 4.1.0 - Unknown address error",),
    ),
    Rule(
        "connection error",
        "Connection",
        r"Connection Error: (?:connection timed out )?DCID:? ([0-9]{1,12}) .*",
        lambda m: ConnectionFailed(m[1]),
        "Connection Error: DCID 63 domain: example.com IP: 198.51.100.9 port: 25 "
        "details: [Errno 0] Error interface: 192.0.2.1 reason: network error",
        "a thread of 2023; older wordings in the spamtowho source",
    ),
    tls.other("dcid", "outbound TLS in other words"),
)

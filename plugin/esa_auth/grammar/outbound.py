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
        name="outbound opened",
        family="opening",
        lead="New",
        expression=r"New \w+ DCID ([0-9]{1,12}) interface (.*)",
        build=_opened,
        sample="New SMTP DCID 5633 interface 192.0.2.1 address 198.51.100.9 port 25",
        seen="Cisco note 118570; without port before AsyncOS 4.6, spamtowho source",
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
        name="outbound TLS failed",
        family="context",
        lead="DCID",
        expression=_DCID + r"TLS failed(?::(?: .*)?)?",
        build=lambda m: Tls("dcid", m[1], False),
        sample="DCID 80167 TLS failed: STARTTLS unexpected response",
        seen=_SPAMTOWHO,
    ),
    Rule(
        name="outbound TLS required",
        family="context",
        lead="DCID",
        expression=(
            _DCID + r"IP:? (\S+) TLS was required but could not be "
            r"successfully negotiated"
        ),
        build=lambda m: Tls("dcid", m[1], False),
        sample=(
            "DCID 8 IP 198.51.100.9 TLS was required but could not be "
            "successfully negotiated"
        ),
        seen=_SPAMTOWHO,
    ),
    Rule(
        name="outbound close",
        family="close",
        lead="DCID",
        expression=_DCID + r"close",
        build=lambda m: SessionClosed("dcid", m[1]),
        sample="DCID 5633 close",
        at_sight=("close",),
        seen="Cisco note 118570",
    ),
    Rule(
        name="outbound killed",
        family="close",
        lead="SMTP",
        expression=r"SMTP client connection killed DCID: ([0-9]{1,12})",
        build=lambda m: SessionClosed("dcid", m[1]),
        sample="SMTP client connection killed DCID: 196546347",
        seen=_SPAMTOWHO,
    ),
    Rule(
        name="delivery started",
        family="delivery",
        lead="Delivery",
        expression=(
            r"Delivery start DCID ([0-9]{1,12}) MID [0-9]+ to "
            + _RECIPIENTS
            + r"(?: to .*)?"
        ),
        build=lambda m: DeliveryStarted(m[1], _count(m[2])),
        sample="Delivery start DCID 5633 MID 441 to RID [0]",
        seen="Cisco note 118570; without RID in the spamtowho source",
    ),
    Rule(
        name="delivered",
        family="delivery",
        lead="Message",
        expression=r"Message done DCID ([0-9]{1,12}) MID [0-9]+ to "
        + _RECIPIENTS
        + r".*",
        build=lambda m: Delivered(m[1], _count(m[2])),
        sample=(
            "Message done DCID 5633 MID 441 to RID [0, 1] [('from', 'ann@example.com')]"
        ),
        seen=f"Cisco note 118570; header tail in the {_GUIDE}",
    ),
    Rule(
        name="bounced",
        family="delivery",
        lead="Bounced",
        expression=(
            r"Bounced: DCID:? ([0-9]{1,12}) (?:MID|Message) [0-9]+ "
            r"to (?:RID )?[0-9]+ - (.*)"
        ),
        build=_bounced,
        sample=(
            "Bounced: DCID 5640 MID 448 to RID 0 - Bounced by destination server with "
            "response: 5.1.0 - Unknown address error ('554', ['5.7.1 Relay denied'])"
        ),
        seen="Cisco note 118570; with a colon in the spamtowho source",
        also=("Bounced: DCID: 5 Message 4 to 0 - 5.1.0 - Unknown address error",),
    ),
    Rule(
        name="delayed",
        family="delivery",
        lead="Delayed",
        expression=(
            r"Delayed: DCID:? ([0-9]{1,12}) (?:MID|Message) [0-9]+ "
            r"to (?:RID )?[0-9]+ - .*"
        ),
        build=lambda m: Delayed(m[1]),
        sample=(
            "Delayed: DCID 5 MID 4 to RID 0 - 4.1.0 - Unknown address error "
            "('466', ['Mailbox temporarily full.'])[]"
        ),
        seen=f"{_GUIDE}; with a colon in the spamtowho source",
        also=("Delayed: DCID: 5 Message 4 to 0 - 4.1.0 - Unknown address error",),
    ),
    Rule(
        name="connection error",
        family="delivery",
        lead="Connection",
        expression=(
            r"Connection Error: (?:connection timed out )?DCID:? ([0-9]{1,12}) "
            r".*"
        ),
        build=lambda m: ConnectionFailed(m[1]),
        sample=(
            "Connection Error: DCID 63 domain: example.com IP: 198.51.100.9 port: 25 "
            "details: [Errno 0] Error interface: 192.0.2.1 reason: network error"
        ),
        seen="a thread of 2023; older wordings in the spamtowho source",
    ),
    tls.other("dcid", "outbound TLS in other words"),
)

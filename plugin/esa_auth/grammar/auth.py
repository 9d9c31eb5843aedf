"""The SMTP AUTH family.

Neither form starts with ``ICID n`` or ``DCID n``, and the user name is the attacker's
text in the middle of the line: the outcome is read from the left, mechanism and profile
from the right.
"""

import re

from esa_auth.grammar.reply import read_reply
from esa_auth.grammar.rule import Rule
from esa_auth.model.facts import (
    AuthNotice,
    Fact,
    InboundResult,
    OutboundResult,
    Outcome,
)

_AUTH = r"SMTP Auth:? \(ICID ([0-9]{1,12})\) "
_CATALOGUE = "message catalogue in the spamtowho source"


# What ends a line may be empty, and then the blank before it is gone: a body is read
# without its trailing blanks.
def _inbound(match: re.Match[str]) -> Fact:
    icid, word, user, mechanism, profile = match.groups()
    outcome: Outcome = "success" if word == "succeeded" else "failure"
    return InboundResult(icid, outcome, user, mechanism, profile or "")


def _outbound(match: re.Match[str]) -> Fact:
    dcid, address, profile, failed, reply = match.groups()
    if failed is None:
        return OutboundResult(dcid, address, profile, "success")
    code, reason = read_reply(reply or "")
    return OutboundResult(dcid, address, profile, "failure", code, reason)


RULES = (
    Rule(
        name="inbound result",
        family="auth",
        lead="SMTP",
        expression=(
            _AUTH + r"(succeeded|failed) for user: (?P<user>.*) "
            r"using AUTH mechanism: (\S+) with profile:(?: (.*))?"
        ),
        build=_inbound,
        sample=(
            "SMTP Auth: (ICID 450) succeeded for user: ann "
            "using AUTH mechanism: PLAIN with profile: staff"
        ),
        seen="Cisco note 118570; without the colon in the spamtowho source",
        also=(
            "SMTP Auth: (ICID 451) failed for user: ann "
            "using AUTH mechanism: LOGIN with profile: staff",
        ),
    ),
    Rule(
        name="outbound result",
        family="auth",
        lead="DCID",
        expression=(
            r"DCID:? ([0-9]{1,12}) IP:? (\S+) SMTP authentication using the profile "
            r"(.*?) (?:succeeded\.?|(failed)(?:: (?P<text>.*))?)"
        ),
        build=_outbound,
        sample=(
            "DCID: 5640 IP: 192.0.2.7 SMTP authentication using the profile relay "
            "failed: ('535', ['5.7.8 Error: authentication failed'])"
        ),
        seen="Cisco note 118570",
        also=(
            "DCID: 5633 IP: 192.0.2.7 SMTP authentication using the profile relay "
            "succeeded.",
        ),
    ),
    Rule(
        name="LDAP lookup failed",
        family="auth",
        lead="SMTP",
        expression=_AUTH + r"LDAP query/user lookup failed for user:(?: (?P<user>.*))?",
        build=lambda m: AuthNotice(
            "SMTPAUTH_LDAP_QUERY_FAILED_INFO", m[1], user=m[2] or ""
        ),
        sample="SMTP Auth (ICID 9) LDAP query/user lookup failed for user: ann",
        seen=_CATALOGUE,
        evidence="template",
    ),
    Rule(
        name="profile misconfigured",
        family="auth",
        lead="SMTP",
        expression=(
            _AUTH + r"profile: (.*) is misconfigured or missing "
            r"causing an Auth failure"
        ),
        build=lambda m: AuthNotice("SMTPAUTH_FWD_SERVER_BADCFG", m[1], profile=m[2]),
        sample=(
            "SMTP Auth (ICID 9) profile: staff is misconfigured or missing "
            "causing an Auth failure"
        ),
        seen=_CATALOGUE,
        evidence="template",
    ),
    Rule(
        name="forwarding server unreachable",
        family="auth",
        lead="SMTP",
        # Behind the server any wording may follow.
        expression=(
            _AUTH + r"could not reach forwarding server (\S*)(?P<text_behind>.*?)"
            r"(?: with reason: (?P<text>.*))?"
        ),
        build=lambda m: AuthNotice(
            "SMTPAUTH_FWD_SERVER_FAILED_ALERT"
            if m[4]
            else "SMTPAUTH_FWD_SERVER_FAILED",
            m[1],
            server=m[2] + m[3],
            reason=m[4],
        ),
        sample=(
            "SMTP Auth (ICID 9) could not reach forwarding server 192.0.2.9 "
            "with reason: timed out"
        ),
        seen=_CATALOGUE,
        evidence="template",
    ),
    Rule(
        name="AUTH required",
        family="auth",
        lead="SMTP",
        expression=_AUTH + r"was required but remote host did not initiate it",
        build=lambda m: AuthNotice("CONNECTION_INJECTION_SMTPAUTH_REQUIRED", m[1]),
        sample="SMTP Auth (ICID 9) was required but remote host did not initiate it",
        seen=_CATALOGUE,
        evidence="template",
    ),
    Rule(
        name="LDAP query failed",
        family="auth",
        lead="SMTP",
        expression=(
            r"SMTP Auth:? LDAP query failed, "
            r"(possible LDAP misconfiguration or unreachable server)\.?"
        ),
        build=lambda m: AuthNotice("SMTPAUTH_LDAP_QUERY_FAILED", reason=m[1]),
        sample=(
            "SMTP Auth LDAP query failed, "
            "possible LDAP misconfiguration or unreachable server."
        ),
        seen=_CATALOGUE,
        evidence="template",
    ),
    Rule(
        name="forwarding server connected",
        family="auth",
        lead="SMTP",
        expression=(
            r"SMTP Auth:? forward server connection to ([^,]*), port ([0-9]+), "
            r"interface (.*), ([0-9]+) connections available"
        ),
        build=lambda m: AuthNotice(
            "SMTPAUTH_FWD_SERVER_CONNECT", server=f"{m[1]}:{m[2]}"
        ),
        sample=(
            "SMTP Auth forward server connection to 192.0.2.9, port 25, "
            "interface Data 1, 3 connections available"
        ),
        seen=_CATALOGUE,
        evidence="template",
    ),
)

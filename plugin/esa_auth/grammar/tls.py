"""What the lines of a connection say of TLS; both sides say it alike.

What stands behind ``TLS success`` differs from release to release, and may hold the
names of a certificate, which are the peer's text: of it only words are taken that
follow each other from the left.
"""

import re

from esa_auth.grammar.rule import Rule, compiled
from esa_auth.model.facts import Fact, Side, Tls

_TAIL = compiled(r"[ ,;]+(protocol|cipher|for)[ :=]+([^\s,;]+)")
# What the other rows read.
_KNOWN = (
    r"TLS success(?![A-Za-z])|TLS failed:|TLS failed\Z|[A-Z]+ SG "
    r"|TLS was required but remote host did not initiate it\Z"
    r"|IP:? \S+ TLS was required but could not be successfully negotiated\Z"
)
# TLS or SSL as a word of its own, in letters of any size: also STARTTLS and TLSv1.3.
_WORD = r"(?:(?:[Ss][Tt][Aa][Rr][Tt])?[Tt][Ll][Ss]|[Ss][Ss][Ll])(?:v[0-9]|(?![A-Za-z]))"
_OTHER = rf"(?!{_KNOWN})(.*?(?<![A-Za-z]){_WORD}.*)"
_SAID = re.compile(rb"TLS success(?![A-Za-z])|TLS")
_OF_CONNECTION = compiled(r"(ICID|DCID) ([0-9]{1,12}) (.*)")
_ANY_TLS = compiled("TLS|SSL", any_case=True)
# As `Grammar.looks_like_auth` looks for it.
_AUTH = ("smtp auth", " sasl ")


def _established(side: Side, match: re.Match[str]) -> Tls:
    number, tail = match.groups()
    found: dict[str, str] = {}
    at = 0
    while pair := _TAIL.match(tail, at):
        found.setdefault(pair[1], pair[2])
        at = pair.end()
    return Tls(side, number, True, found.get("protocol"), found.get("cipher"))


def success(side: Side, name: str, seen: str, *samples: str) -> Rule:
    """Return the rule of a negotiation that succeeded."""
    lead = side.upper()

    def build(match: re.Match[str]) -> Fact:
        return _established(side, match)

    return Rule(
        name=name,
        family="context",
        lead=lead,
        expression=rf"{lead} ([0-9]{{1,12}}) TLS success(?![A-Za-z])(.*)",
        build=build,
        sample=samples[0],
        seen=seen,
        also=samples[1:],
        at_sight=("TLS success",),
    )


def unknown_tls(body: str) -> tuple[Side, bytes, bytes] | None:
    """Return a line on TLS that nobody understands, for an unread ``body`` on it.

    That is the side, the number and the line of its connection; None if ``body`` is of
    no connection, or has no word on TLS.
    """
    match = _OF_CONNECTION.match(body)
    if match is None or not _ANY_TLS.search(match[3]):
        return None
    side: Side = "icid" if match[1] == "ICID" else "dcid"
    return side, match[2].encode(), f"{match[1]} {match[2]} TLS".encode()


def shortened_tls(body: bytes) -> bytes:
    """Return what is kept of a line of a connection that is too long, if anything is.

    That no line says anything of TLS means cleartext, so what it may say of that stays.
    """
    found = _SAID.search(body)
    return b"%b %b" % (b" ".join(body.split(b" ", 2)[:2]), found[0]) if found else b""


def other(side: Side, name: str) -> Rule:
    """Return the rule of any other line on TLS; it stands behind those that are known.

    From such a line nobody can tell whether the connection is encrypted.
    """
    lead = side.upper()

    def build(match: re.Match[str]) -> Fact | None:
        # AUTH in a wording that is not known is to be seen.
        said = f" {match[2][:380]} ".lower()
        begins = said.startswith(" auth") and not said[5].isalnum()
        if begins or any(words in said for words in _AUTH):
            return None
        return Tls(side, match[1], None)

    return Rule(
        name=name,
        family="context",
        lead=lead,
        expression=rf"{lead} ([0-9]{{1,12}}) {_OTHER}",
        build=build,
        sample=f"{lead} 450 TLS renegotiated",
        seen="nowhere: whatever else a release may say of TLS",
        evidence="unseen",
        also=(
            f"{lead} 450 IP 198.51.100.9 STARTTLS was put off",
            f"{lead} 450 Using TLSv1.3",
            f"{lead} 450 SSL handshake is done",
        ),
    )

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
# As `grammar.auth_like` looks for it.
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
        name,
        lead,
        rf"{lead} ([0-9]{{1,12}}) TLS success(?![A-Za-z])(.*)",
        build,
        samples[0],
        seen,
        also=samples[1:],
    )


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
        name,
        lead,
        rf"{lead} ([0-9]{{1,12}}) {_OTHER}",
        build,
        f"{lead} 450 TLS renegotiated",
        "nowhere: whatever else a release may say of TLS",
        "unseen",
        also=(
            f"{lead} 450 IP 198.51.100.9 STARTTLS was put off",
            f"{lead} 450 Using TLSv1.3",
            f"{lead} 450 SSL handshake is done",
        ),
    )

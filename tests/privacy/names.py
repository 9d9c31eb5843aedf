"""Seeded names, the lines that carry them, and where one is looked for."""

import random
from base64 import b64encode
from collections.abc import Iterator

from esa_auth.grammar import RULES, Rule
from tests.support.harness import inbound, native, opened, syslog

LETTERS = "bcdfghjklmnpqrtvwxz"
NAMED = [rule for rule in RULES if "user" in rule.pattern.groupindex]
SHAPES = (
    "{}",
    "{}@example.com",
    "EXAMPLE\\{}",
    "{} Fräulein",
    "{}' OR 1=1",
    '"{}"@example.net',
    "<{}>",
    "{} using AUTH mechanism: LOGIN with profile: x",
    "a for user: {}",
    "%{}%",
)


def line_of(rule: Rule, name: str) -> str:
    """Return the sample of ``rule`` with another name in it."""
    match = rule.pattern.fullmatch(rule.sample)
    assert match is not None
    start = match.start("user")
    told = getattr(rule.build(match), "user", None) or match["user"]
    assert match["user"].startswith(told)
    behind = rule.sample[start + len(told) :]
    return rule.sample[:start] + name + behind


def seeded(count: int = 200, seed: int = 9) -> list[str]:
    """Return names like no other word; each holds one word of twelve letters."""
    chance = random.Random(seed)
    return ["".join(chance.choices(LETTERS, k=12)) for _ in range(count)]


def lines_of(number: int, word: str) -> Iterator[bytes]:
    """Yield lines of every kind that can carry a name."""
    name = SHAPES[number % len(SHAPES)].format(word)
    said = name.encode("latin-1" if number % 3 == 0 else "utf-8")
    icid, dcid = 1000 + number, 5000 + number
    for body in opened(icid):
        yield native(body)
    yield native(inbound(icid, said, "failed"), 1)
    yield native(inbound(icid, said, "succeeded", "LOGIN"), 2)
    yield syslog(inbound(icid + 500, said), 2)
    auth = b"SMTP Auth: (ICID %d) " % icid
    yield native(auth + b"LDAP query/user lookup failed for user: " + said, 3)
    yield native(auth + b"deferred for user: " + said + b" by policy", 3)
    yield inbound(icid, said)
    yield native(auth + b"could not reach forwarding server 192.0.2.9 with reason: "
                 b"no account " + said, 3)  # fmt: skip
    yield native(f"Start MID {number} ICID {icid}", 4)
    yield native(f"MID {number} ICID {icid} From: <{word}@example.com>", 4)
    yield native(f"MID {number} ICID {icid} RID 0 To: <{word}@example.net>", 4)
    yield native(f"MID {number} Subject 'SMTP Auth: (ICID 1) for user: {word}'", 4)
    yield native(f"MID {number} ready 5 bytes from <{word}@example.com>", 4)
    profile = f"DCID: {dcid} IP: 192.0.2.7 SMTP authentication using the profile relay"
    yield native(f"New SMTP DCID {dcid} interface 192.0.2.1 address 192.0.2.7", 5)
    yield native(f"{profile} failed: ('535', ['5.7.8 no such user {word}'])", 5)
    yield native(
        f"Bounced: DCID {dcid} MID {number} to RID 0 - Bounced by destination server "
        f"with response: 5.1.1 - ('550', ['<{word}@example.com> unknown {word}'])",
        6,
    )
    yield from administrators(number, said)
    for rule in NAMED:
        yield native(line_of(rule, name), 8)
    if number % 50 == 0:
        yield native(auth + b"failed for user: " + said * 6000, 6)
    if number % 2:
        yield native(f"ICID {icid} close", 7)
        yield native(f"DCID {dcid} close", 7)


def administrators(number: int, said: bytes) -> Iterator[bytes]:
    """Yield lines of a login to the appliance, of an unread one too."""
    address = b" from 192.0.2.44"
    yield native(b"User " + said + b" failed authentication.", 8)
    yield native(b"User " + said + address + b" was authenticated successfully.", 8)
    yield syslog(
        b"An authentication attempt by the user " + said + address + b" failed", 8
    )
    yield native(
        b"The user " + said + b" successfully logged on" + address + b" using an SSH "
        b"connection.", 8)  # fmt: skip
    yield native(b"logout:192.0.2.44 user:" + said + b" session:x%d" % number, 8)
    yield native(
        b"GUI: User " + said + b" logged out from session x because of inactivity "
        b"timeout", 8)  # fmt: skip
    yield native(
        b"SourceIP:192.0.2.44 Destination:/login Username:" + said + b" Privilege:admin"
        b" session:x Action: The HTTPS session has been established successfully.", 9
    )  # fmt: skip
    yield native(
        b"Appliance: esa01, Interaction Mode: GUI, User: " + said + b", Source IP: "
        b"192.0.2.44, Event: Permission denied reason - Invalid username or passphrase",
        9,
    )
    yield native(b"An authentication attempt by the user " + said + b" went wrong", 9)
    yield native(b"Action: User " + said + b" logged out from session x beacuse of "
                 b"inactivity timeout", 9)  # fmt: skip


def forms(word: str) -> Iterator[bytes]:
    """Yield ``word`` as it may stand in what is written; escapes leave letters be."""
    plain = word.encode()
    yield from (plain, plain.upper(), plain.title())
    yield from (plain.hex().encode(), plain.hex().upper().encode())
    yield b"".join(b"%%%02X" % letter for letter in plain)
    yield b"".join(b"\\x%02x" % letter for letter in plain)
    yield b"".join(b"\\u%04x" % letter for letter in plain)
    yield word.encode("utf-16-le")
    # Wherever in the groups of three it begins.
    for shift in range(3):
        whole = b64encode(b"\0" * shift + plain)
        yield whole[-(-shift * 8 // 6) : len(whole) - 4]


def found(words: list[str], written: bytes) -> list[str]:
    """Return the words that ``written`` holds in any form."""
    return [w for w in words if any(form in written for form in forms(w))]

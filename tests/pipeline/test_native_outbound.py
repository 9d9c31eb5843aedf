"""Sessions at other servers are read by native code, as Python alone reads them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import msgpack
import pytest

from esa_auth import validation
from esa_auth.pipeline import Pipeline, Settings, writer
from esa_auth.pipeline.native import IS_BUILT
from esa_auth.slots import validator
from tests.bench.traffic import interleave
from tests.pipeline.test_native import assert_same, outcome, unpacked
from tests.pipeline.test_writer import CHANGED, SOAK, mutated
from tests.support.harness import READ_AT, SETTINGS, inbound, native, opened, syslog

pytestmark = pytest.mark.skipif(
    not IS_BUILT and not os.environ.get("ESA_AUTH_REQUIRE_NATIVE"),
    reason="needs the native code: cargo, then pip install",
)

FIRST = 6_000_000
SERVERS = (
    "192.0.2.20 address 198.51.100.7 port 25",
    "192.0.2.20 address 198.51.100.9 port 587",
    "192.0.2.21 address 203.0.113.4",
    "192.0.2.21 address 2001:db8::25 port 25",
    "2001:db8:1::2 address 2001:db8::26 port 25",
)
TLS = (
    "TLS success protocol TLSv1.2 cipher ECDHE-RSA-AES256-GCM-SHA384",
    "TLS success protocol TLSv1.3 cipher TLS_AES_256_GCM_SHA384",
    "TLS failed: STARTTLS unexpected response",
)
TOLD = (
    "succeeded.",
    "failed: ('535', ['5.7.8 Error: authentication failed'])",
    "failed: ('454', ['4.7.0 Temporary \"failure\"', \"isn't our fault\"])",
    "failed: timed out",
    "failed",
)
BECAME = (
    "Delivery start DCID {0} MID {1} to RID [0]",
    "Message done DCID {0} MID {1} to RID [0] ",
    "Message done DCID {0} MID {1} to RID [0, 1, 2] [('from', 'ann@example.com')]",
    "Bounced: DCID {0} MID {1} to RID 0 - Bounced by destination server with response: "
    "5.1.0 - Unknown address error ('554', ['5.7.1 Relay access denied'])",
    "Bounced: DCID {0} MID {1} to RID 1 - 5.1.2 - Bad destination host",
    "Delayed: DCID {0} MID {1} to RID 0 - 4.1.0 - Unknown address error "
    "('466', ['Mailbox temporarily full.'])[]",
    "Connection Error: DCID {0} domain: example.com IP: 198.51.100.9 port: 25 details: "
    "[Errno 0] Error interface: 192.0.2.1 reason: network error",
    "MID {1} RID [0] Response '2.0.0 Ok: queued as A1'",
    "Message finished MID {1} done",
)
# What Python has to read, and what it has to be told then of the session.
ODD = (
    "Message done DCID {0} MID {1} to RID []",
    "DCID {0} TLS success protocol TLSv1.2 cipher AES256-SHA",
    "DCID {0} TLS success",
    "DCID: {0} IP: 198.51.100.7 SMTP authentication using the profile a b failed: "
    "\u00fc",
    "DCID {0} IP 198.51.100.7 SMTP authentication using the profile p succeeded",
    "DCID: 0{0} IP: 198.51.100.7 SMTP authentication using the profile p succeeded.",
    "DCID: {0} IP: 198.51.100.7 SMTP authentication using the profile p",
    "DCID: {0} IP: mail.example.com SMTP authentication using the profile p failed",
    "New SMTP DCID {0} interface 192.0.2.20 address 198.51.100.8 port 25",
    "SMTP client connection killed DCID: {0}",
    "Bounced: DCID: {0} Message {1} to 0 - 5.1.0 - Unknown address error \u00fc",
)
ODD_SERVERS = (
    "Data 1 address 198.51.100.7 port 25",
    "192.0.2.20 address mail.example.com port 25",
    "192.0.2.20 address 192.0.2.20 port 25",
    "192.0.2.20 address ::ffff:198.51.100.7 port 25",
    "::ffff:192.0.2.20 address 198.51.100.7 port 70000",
    "192.0.2.20 address 198.51.100.7 port 25 ",
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the first event by template already."""
    monkeypatch.setattr(writer, "WORTH_IT", 0)


def attempt(dcid: int, told: str) -> str:
    return (
        f"DCID: {dcid} IP: 198.51.100.7 SMTP authentication "
        f"using the profile OutboundAuthentication {told}"
    )


def session(random: Random, dcid: int, odd: float) -> list[str]:
    """Return the lines of one session at another server."""

    def of(usual: tuple[str, ...], other: tuple[str, ...] = ODD) -> str:
        return random.choice(other if random.random() < odd else usual)

    server = of(SERVERS, ODD_SERVERS)
    bodies = [f"New SMTP DCID {dcid} interface {server}"]
    if random.random() < 0.8:
        bodies.append(f"DCID {dcid} {random.choice(TLS)}")
    attempts = random.choice((1, 1, 1, 2, 3))
    bodies += (attempt(dcid, random.choice(TOLD)) for _ in range(attempts))
    lines = random.randrange(5)
    bodies += (of(BECAME).format(dcid, dcid + 7) for _ in range(lines))
    return bodies if random.random() < 0.02 else [*bodies, f"DCID {dcid} close"]


def client(icid: int) -> list[str]:
    bodies = [
        *opened(icid),
        inbound(icid, b"ann@example.com"),
        b"Start MID %d ICID %d" % (icid, icid),
        b"MID %d ICID %d RID 0 To: <ben@example.com>" % (icid, icid),
        b"MID %d ready 99 bytes from <ann@example.com>" % icid,
        b"ICID %d close" % icid,
    ]
    return [body.decode() for body in bodies]


def sessions(random: Random, odd: float, clients: float) -> Iterator[list[str]]:
    for number in range(FIRST, FIRST + 10**6):
        if random.random() < clients:
            yield client(number)
        else:
            yield session(random, number, odd)


def log(
    count: int,
    seed: int = 1,
    odd: float = 0.0,
    clients: float = 0.3,
    at_once: int = 40,
) -> list[bytes]:
    """Return lines of sessions that are open at the same time; ``odd`` ones are not."""
    random = Random(seed)
    bodies = interleave(random, sessions(random, odd, clients), at_once)
    frame = syslog if seed % 3 == 0 else native
    found = []
    second = 0
    for _ in range(count):
        second += random.random() < 0.02
        found.append(frame(next(bodies), second))
    return found


def handed_over(lines: list[bytes]) -> dict[str, int]:
    """Return how many lines Python read, by reason."""
    pipeline = Pipeline(replace(SETTINGS, native=True), lambda: READ_AT, as_json=True)
    pipeline.feed(lines)
    assert pipeline.native
    return dict(pipeline.native.handed_over)


@pytest.mark.parametrize("clients", [0.0, 0.3], ids=["servers", "both"])
def test_plain_sessions_are_not_handed_over(clients: float) -> None:
    lines = log(6000, clients=clients)
    found = handed_over(lines)
    assert found["session"] + found["event"] + found["connection"] < 40
    # Sessions of the lines that moved the clock, and those that were opened when it was
    # time to look for what is too old.
    assert sum(found.values()) < len(lines) / 100


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize("odd", [0.0, 0.1, 0.5])
def test_what_comes_out_is_the_same(seed: int, odd: float) -> None:
    assert_same(log(2500, seed, odd))


@pytest.mark.parametrize("seed", range(3))
def test_mutated_lines(seed: int) -> None:
    assert_same(list(mutated(log(4000, seed + 11), seed)))


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, cap=12),
        replace(SETTINGS, cap=40),
        replace(SETTINGS, max_age=2),
        replace(SETTINGS, wait=2),
        replace(SETTINGS, live=True),
        replace(SETTINGS, max_line=140),
        replace(SETTINGS, whole=True),
        replace(SETTINGS, id_key=b"i" * 32, pseudonym_key=b"k" * 32, redact=True),
    ],
    ids=["few", "cap", "age", "wait", "live", "line", "whole", "privacy"],
)
@pytest.mark.parametrize("at_once", [8, 60])
def test_other_settings(settings: Settings, at_once: int) -> None:
    lines = list(mutated(log(3000, 5, odd=0.05, at_once=at_once), 7))
    assert_same(lines, settings)


def test_the_first_events_are_those_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WORTH_IT", 100)
    lines = log(3000, clients=0)
    assert_same(lines)
    found = sum(handed_over(lines).values())
    assert 16 <= found < len(lines) / 5


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("ways", [(True, False), (False, True), (True, True)])
def test_open_sessions_are_saved_and_go_on(seed: int, ways: tuple[bool, bool]) -> None:
    lines = log(1500, seed, odd=0.02)
    half = len(lines) // 2
    wanted = _stopped(lines, half, (False, False))
    assert _stopped(lines, half, ways) == wanted
    assert any(
        entry["side"] == "dcid" and "session" in entry
        for entry in _connections(wanted["saved"])
    )


def _stopped(lines: list[bytes], half: int, ways: tuple[bool, bool]) -> dict[str, Any]:
    """Read the first lines one way, and go on the other way from what is saved."""
    first, then = (
        Pipeline(replace(SETTINGS, native=way), lambda: READ_AT, as_json=True)
        for way in ways
    )
    first.feed(lines[:half])
    before = first.take_lines()
    saved = msgpack.packb(first.snapshot())
    then.restore(msgpack.unpackb(saved, strict_map_key=False))
    then.feed(lines[half:])
    then.drain()
    return {
        "events": [*before, *then.take_lines()],
        "dead": then.take_dead(),
        "saved": unpacked(msgpack.unpackb(saved, strict_map_key=False)),
    }


def _connections(saved: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for rows in saved["appliances"].values():
        for name, entry in rows:
            if name.startswith("s"):
                yield entry


def test_two_appliances_under_one_name() -> None:
    # Numbers to and fro between two series: then each session may be of either.
    lines = []
    for at in range(120):
        far = 10**6 * (at % 2)
        lines += [native(body, at) for body in opened(5000 + at + far)]
        bodies = [
            f"New SMTP DCID {at + 1} interface {SERVERS[0]}",
            attempt(at + 1, TOLD[at % 2]),
            f"DCID {at + 1} close",
        ]
        lines += [native(body, at) for body in bodies]
    assert_same(lines)
    assert b"appliance_conflict" in b"".join(
        outcome(lines, replace(SETTINGS, native=True))["events"]
    )


FEW = [
    native(body, second)
    for second in range(12)
    for body in (
        f"New SMTP DCID {second + 1} interface {SERVERS[second % len(SERVERS)]}",
        *([f"DCID {second + 1} {TLS[second % 3]}"] if second % 4 else []),
        attempt(second + 1, TOLD[second % len(TOLD)]),
        *(BECAME[n].format(second + 1, 7) for n in range(second % 6)),
        f"DCID {second + 1} close",
    )
]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_a_stricter_schema_refuses_the_same(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0
    step = 8 if SOAK else 8 * 17
    for name, changed in CHANGED[part::step]:
        monkeypatch.setattr(
            validation,
            "_compiled",
            lambda changed=changed: (changed, validator(changed)),
        )
        whole = outcome(FEW, replace(SETTINGS, whole=True))
        natively = outcome(FEW, replace(SETTINGS, native=True))
        assert natively["events"] == whole["events"], name
        assert natively["dead"] == whole["dead"], name
        refused += bool(whole["dead"])
    assert refused

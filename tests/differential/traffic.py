"""Logs of two appliances with everything that a network and a reboot do to them."""

import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

#: 1 June 2026; all lines lie between here and the reference of the tests.
START = 1_780_272_000
CUTS = (1024, 2048, 8192)
HOSTS = ("esa01", "esa02")
_GROUPS = ("UNKNOWNLIST", "RELAYLIST", "PARTNERS")


@dataclass(frozen=True)
class Faults:
    """How much goes wrong: shares of lines or sessions, seconds, seconds of the log."""

    lost: float = 0.0
    doubled: float = 0.0
    disorder: int = 0
    #: Numbers are drawn from so few that they are used while another has them.
    numbers: int = 0
    reboot_every: int = 0
    clock_jump: int = 0
    close_lost: float = 0.0
    cut: float = 0.0
    iso: bool = True


@dataclass
class _Appliance:
    host: str
    number: Iterator[int]
    #: Which way its clock is set. Not to and fro: a session that is too old by a clock
    #: that is put right again is dropped in passing, at no time that a rule names.
    turn: int
    shift: int = 0
    boot: int = 0


def lines(seed: int, wanted: int, faults: Faults) -> Iterator[bytes]:
    """Yield ``wanted`` lines in the order in which a collector gets them."""
    random = Random(seed)
    turns = zip(HOSTS, (1, -1), strict=True)
    appliances = [_Appliance(host, count(7), turn) for host, turn in turns]
    waiting: list[tuple[float, int, int, _Appliance, int, str]] = []
    order, given, now = count(), 0, START
    while given < wanted:
        now += random.choice((0, 1, 1, 2))
        for appliance in appliances:
            if faults.reboot_every and not random.randrange(faults.reboot_every):
                appliance.number, appliance.boot = count(7), appliance.boot + 1
                appliance.shift += (
                    random.choice((0, appliance.turn)) * faults.clock_jump
                )
            for gap, body in _session(random, appliance, faults):
                late = random.uniform(0, faults.disorder) if faults.disorder else 0
                key = now + gap + late, next(order), now + gap, appliance
                heapq.heappush(waiting, (*key, appliance.boot, body))
        while waiting and waiting[0][0] <= now:
            _, _, at, appliance, boot, body = heapq.heappop(waiting)
            if boot != appliance.boot or random.random() < faults.lost:
                continue
            if body.endswith(" close") and random.random() < faults.close_lost:
                continue
            line = _framed(at + appliance.shift, appliance.host, body, faults)
            if random.random() < faults.cut:
                line = line[: random.choice(CUTS)]
            copies = 2 if random.random() < faults.doubled else 1
            for _ in range(copies):
                given += 1
                yield line


def _framed(at: int, host: str, body: str, faults: Faults) -> bytes:
    when = time.gmtime(at)
    stamp = time.strftime(
        "%Y-%m-%dT%H:%M:%SZ" if faults.iso else "%b %e %H:%M:%S", when
    )
    return f"<22>{stamp} {host} mail_logs: Info: {body}".encode()


def _session(
    random: Random, appliance: _Appliance, faults: Faults
) -> list[tuple[int, str]]:
    """Return (seconds after the first, body) of the lines of one connection."""
    number = next(appliance.number)
    if faults.numbers:
        number = random.randrange(1, faults.numbers + 1)
    bodies = (_inbound if random.random() < 0.8 else _outbound)(random, number)
    if random.random() < 0.02:
        # Idle for hours: it expires, and its number may be used before it closes.
        half = len(bodies) // 2
        return [
            (i // 3 + (i > half) * random.randrange(0, 30_000), b)
            for i, b in enumerate(bodies)
        ]
    at, timed = 0, []
    for body in bodies:
        timed.append((at, body))
        at += random.choice((0, 0, 0, 1, 2, 5))
    return timed


def _name(random: Random, faults_long: bool) -> str:
    name = f"user{random.randrange(200)}@example.com"
    if faults_long:
        name += "x" * random.choice((900, 930, 1900, 1950, 8000, 8080))
    return random.choice((name, name, name, "", f"{name} with profile: evil"))


def _inbound(random: Random, icid: int) -> list[str]:
    address = f"198.51.100.{random.randrange(1, 255)}"
    steps = [
        f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) address {address} "
        f"reverse dns host host{random.randrange(99)}.example.com verified yes",
        f"ICID {icid} ACCEPT SG {random.choice(_GROUPS)} match ALL SBRS 1.2",
    ]
    if random.random() < 0.6:
        said = random.choice(("success protocol TLSv1.2 cipher AES", "failed"))
        steps.append(f"ICID {icid} TLS {said}")
    for _ in range(random.choice((0, 1, 1, 1, 2, 4))):
        said = random.choice(("succeeded", "failed", "failed"))
        name = _name(random, random.random() < 0.02)
        steps.append(
            f"SMTP Auth: (ICID {icid}) {said} for user: {name} using AUTH mechanism: "
            f"{random.choice(('PLAIN', 'LOGIN'))} with profile: IncomingAuthentication"
        )
    for _ in range(random.choice((0, 0, 1, 2))):
        mid = random.randrange(1, 100_000)
        steps.append(f"Start MID {mid} ICID {icid}")
        steps.append(f"MID {mid} ICID {icid} From: <ann@example.com>")
        steps += [
            f"MID {mid} ICID {icid} RID {rid} To: <bob@example.com>"
            for rid in range(random.randrange(1, 4))
        ]
        steps.append(f'MID {mid} Subject "SMTP Auth: (ICID {icid}) failed for user: x"')
        if random.random() < 0.8:
            steps.append(f"MID {mid} ready 100 bytes from <ann@example.com>")
    return [*steps, f"ICID {icid} close"]


def _outbound(random: Random, dcid: int) -> list[str]:
    address = f"203.0.113.{random.randrange(1, 255)}"
    steps = [f"New SMTP DCID {dcid} interface 192.0.2.1 address {address} port 25"]
    if random.random() < 0.6:
        steps.append(f"DCID {dcid} TLS success protocol TLSv1.2 cipher AES")
    for _ in range(random.choice((0, 1, 1))):
        said = random.choice(("succeeded.", "failed: ('535', ['5.7.8 no'])"))
        steps.append(
            f"DCID: {dcid} IP: {address} SMTP authentication "
            f"using the profile relay {said}"
        )
    rids = random.choice(("0", "0, 1"))
    steps.append(f"Message done DCID {dcid} MID {random.randrange(99)} to RID [{rids}]")
    return [*steps, f"DCID {dcid} close"]

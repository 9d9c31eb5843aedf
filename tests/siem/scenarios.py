"""Attacks to be found and near misses to be passed over, as raw lines of an appliance.

Each says which rule it is about and what that rule must name for it: the values that
the rule groups by, or, of a rule over single events, the raw line.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from tests.siem.log import Log

Key = tuple[str, ...]
Build = Callable[[Log], Iterable[Key]]

REJECTED = "REJECT SG BLACKLIST match sbrs[-10.0:-2.0] SBRS -9.9"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A stretch of log, and what is to be found in it."""

    name: str
    rule: str
    begin: int
    """Minutes after the start of the log."""
    build: Build
    shown: bool = True
    """Part of the corpus of ten and ten that `examples/detections` ships."""

    @property
    def planted(self) -> bool:
        """Whether it is an attack."""
        return self.name.startswith("attack")


@dataclass(frozen=True, slots=True)
class Corpus:
    """The lines of several scenarios, in the order of their times."""

    lines: tuple[str, ...]
    expected: dict[str, frozenset[Key]]
    """Rule -> what it must name, and nothing else."""

    @property
    def text(self) -> bytes:
        """The log file."""
        return "".join(f"{line}\n" for line in self.lines).encode()


def corpus(scenarios: Iterable[Scenario]) -> Corpus:
    """Write the log of ``scenarios``."""
    lines = []
    expected: dict[str, set[Key]] = {}
    for scenario in scenarios:
        # Numbers of its own, the same in every corpus it is part of.
        log = Log(scenario.begin, count(1000 + 500 * SCENARIOS.index(scenario)))
        keys = set(scenario.build(log))
        assert bool(keys) == scenario.planted
        expected.setdefault(scenario.rule, set()).update(keys)
        lines += log.lines
    lines.sort(key=lambda line: line[0])
    return Corpus(
        tuple(line for _, line in lines),
        {rule: frozenset(keys) for rule, keys in expected.items()},
    )


def _failures(
    log: Log, address: str, users: list[str], every: float, per_session: int = 3
) -> None:
    icid = 0
    for number, user in enumerate(users):
        if number % per_session == 0:
            icid = log.opened(every * number, address)
        log.login(every * number + 1, icid, user)
        if number % per_session == per_session - 1 or number == len(users) - 1:
            log.write(every * number + 3, f"ICID {icid} close")


def _brute_force(log: Log) -> Iterator[Key]:
    _failures(log, "203.0.113.10", ["admin", "root"] * 6, 20)
    yield ("203.0.113.10",)


def _brute_force_v6(log: Log) -> Iterator[Key]:
    _failures(log, "2001:db8:bad::10", ["postmaster"] * 10, 8, per_session=10)
    yield ("2001:db8:bad::10",)


def _slow_failures(log: Log) -> Iterator[Key]:
    _failures(log, "203.0.113.110", ["admin"] * 14, 40, per_session=1)
    yield from ()


def _nine_failures(log: Log) -> Iterator[Key]:
    _failures(log, "2001:db8:bad::110", ["postmaster"] * 9, 10)
    yield from ()


def _failures_of_two_addresses(log: Log) -> Iterator[Key]:
    _failures(log, "203.0.113.111", ["admin"] * 8, 12)
    _failures(log, "203.0.113.112", ["admin"] * 8, 12)
    yield from ()


def _spray(log: Log) -> Iterator[Key]:
    _failures(log, "203.0.113.20", [f"user{n}" for n in range(10)], 58, per_session=1)
    yield ("203.0.113.20",)


def _nine_users(log: Log) -> Iterator[Key]:
    users = [f"user{n}" for n in range(9)]
    _failures(log, "203.0.113.120", [*users, users[0]], 55, per_session=1)
    yield from ()


def _slow_spray(log: Log) -> Iterator[Key]:
    _failures(log, "203.0.113.121", [f"slow{n}" for n in range(14)], 75, per_session=1)
    yield from ()


def _many_good_users(log: Log) -> Iterator[Key]:
    for number in range(12):
        log.attempt(20 * number, "203.0.113.122", f"staff{number}", good=True)
    yield from ()


def _guessed(log: Log) -> Iterator[Key]:
    _failures(log, "203.0.113.30", ["finance"] * 6, 80, per_session=1)
    log.attempt(500, "203.0.113.30", "finance", good=True)
    yield ("203.0.113.30", "finance")


def _four_typos(log: Log) -> Iterator[Key]:
    _failures(log, "198.51.100.130", ["ann"] * 4, 20)
    log.attempt(90, "198.51.100.130", "ann", good=True)
    yield from ()


def _success_first(log: Log) -> Iterator[Key]:
    log.attempt(0, "198.51.100.131", "bob", good=True)
    for number in range(6):
        log.attempt(60 + 90 * number, "198.51.100.131", "bob")
    yield from ()


def _success_of_another(log: Log) -> Iterator[Key]:
    _failures(log, "198.51.100.132", ["carol"] * 6, 60)
    log.attempt(400, "198.51.100.132", "dave", good=True)
    log.attempt(420, "198.51.100.133", "carol", good=True)
    yield from ()


def _success_much_later(log: Log) -> Iterator[Key]:
    _failures(log, "198.51.100.134", ["erin"] * 6, 60)
    log.attempt(1300, "198.51.100.134", "erin", good=True)
    yield from ()


def _four_around_a_success(log: Log) -> Iterator[Key]:
    _failures(log, "198.51.100.135", ["frank"] * 4, 20)
    log.attempt(90, "198.51.100.135", "frank", good=True)
    for number in range(4):
        log.attempt(120 + 20 * number, "198.51.100.135", "frank")
    yield from ()


def _many_sources(log: Log) -> Iterator[Key]:
    for number in range(6):
        log.attempt(560 * number, f"203.0.113.{40 + number}", "ceo")
    yield ("ceo",)


def _four_sources(log: Log) -> Iterator[Key]:
    for number in range(12):
        address = f"198.51.100.{140 + number % 4}"
        log.attempt(240 * number, address, "traveller", good=True)
    yield from ()


def _slow_sources(log: Log) -> Iterator[Key]:
    for number in range(6):
        log.attempt(1000 * number, f"198.51.100.{145 + number}", "roamer", good=True)
    yield from ()


def _cleartext(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.50", tls=None)
    yield (log.login(1, icid, "scanner", good=True, mechanism="PLAIN"),)
    log.write(3, f"ICID {icid} close")


def _encrypted(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.150")
    log.login(1, icid, "scanner", good=True, mechanism="PLAIN")
    log.write(3, f"ICID {icid} TLS failed: [Errno 54] Connection reset by peer")
    log.write(3, f"ICID {icid} close")
    yield from ()


def _opening_not_seen(log: Log) -> Iterator[Key]:
    icid = next(log.numbers)
    log.login(0, icid, "scanner2", good=True, mechanism="PLAIN")
    log.write(2, f"ICID {icid} close")
    yield from ()


def _digest_in_the_clear(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.151", tls=None)
    log.login(1, icid, "scanner3", good=True, mechanism="CRAM-MD5")
    log.write(3, f"ICID {icid} close")
    yield from ()


def _delayed(log: Log, icid: int, address: str) -> None:
    log.write(
        1,
        f"ICID {icid} Delayed HAT REJECT continuing session for recipient logging "
        f"({address})",
    )


def _rejected_got_in(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "203.0.113.60", REJECTED)
    _delayed(log, icid, "203.0.113.60")
    yield (log.login(2, icid, "grace", good=True),)
    log.write(5, f"ICID {icid} close")


def _rejected_failed(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "203.0.113.160", REJECTED)
    _delayed(log, icid, "203.0.113.160")
    log.login(2, icid, "grace")
    log.write(5, f"ICID {icid} close")
    yield from ()


def _accepted_after_reject(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "203.0.113.161", REJECTED)
    _delayed(log, icid, "203.0.113.161")
    log.write(2, f"ICID {icid} close")
    log.attempt(30, "203.0.113.161", "heidi", good=True)
    yield from ()


def _taken_over(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "203.0.113.70")
    log.login(1, icid, "sales", good=True)
    for number in range(3):
        log.message(10 + 5 * number, icid, "sales", 40)
    log.write(40, f"ICID {icid} close")
    yield (_session(log, icid),)


def _session(log: Log, icid: int) -> str:
    at, _ = log.lines[0]
    return f"esa01:{icid}:{at:%Y%m%dT%H%M%SZ}"


def _ninety_nine(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.170")
    log.login(1, icid, "ivan", good=True)
    log.message(10, icid, "ivan", 50)
    log.message(20, icid, "ivan", 49)
    log.write(40, f"ICID {icid} close")
    yield from ()


def _many_without_login(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.171")
    log.login(1, icid, "judy")
    log.message(10, icid, "list", 150)
    log.write(40, f"ICID {icid} close")
    yield from ()


def _outbound_refused(log: Log) -> Iterator[Key]:
    refusal = "failed: ('535', ['5.7.8 Error: authentication failed'])"
    yield (log.outbound(0, "198.51.100.80", refusal),)


def _outbound_later(log: Log) -> Iterator[Key]:
    log.outbound(0, "198.51.100.180", "failed: ('454', ['4.7.0 Temporary failure'])")
    log.outbound(60, "198.51.100.180", "succeeded.")
    yield from ()


def _backend_away(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.90")
    yield (
        log.write(
            2,
            f"SMTP Auth: (ICID {icid}) could not reach forwarding server 192.0.2.25 "
            "with reason: timed out",
            level="Warning",
        ),
    )
    log.write(4, f"ICID {icid} close")


def _backend_knows_no_such_user(log: Log) -> Iterator[Key]:
    icid = log.opened(0, "198.51.100.190")
    log.write(
        1, f"SMTP Auth: (ICID {icid}) LDAP query/user lookup failed for user: mallory"
    )
    log.write(
        2,
        "SMTP Auth: forward server connection to 192.0.2.25, port 25, "
        "interface Data 1, 3 connections available",
    )
    log.write(
        3,
        f"SMTP Auth: (ICID {icid}) was required but remote host did not initiate it",
    )
    log.write(4, f"ICID {icid} close")
    yield from ()


_BRUTE = "brute_force_by_source"
_SPRAY = "password_spray"
_GUESS = "success_after_failures"
_MANY = "one_user_from_many_sources"
_CLEAR = "auth_without_tls"
_HAT = "success_on_rejected_connection"
_BURST = "recipients_burst_after_success"
_OUT = "outbound_credentials_refused"
_BACK = "backend_unreachable"

SCENARIOS = (
    Scenario("attack: twelve failures in four minutes", _BRUTE, 2, _brute_force),
    Scenario("attack: ten failures, IPv6", _BRUTE, 12, _brute_force_v6),
    Scenario("attack: ten users in nine minutes", _SPRAY, 21, _spray),
    Scenario("attack: success after six failures", _GUESS, 33, _guessed),
    Scenario("attack: one user from six addresses", _MANY, 40, _many_sources),
    Scenario("attack: PLAIN without TLS", _CLEAR, 51, _cleartext),
    Scenario("attack: login on a rejected connection", _HAT, 55, _rejected_got_in),
    Scenario("attack: 120 recipients after a login", _BURST, 57, _taken_over),
    Scenario("attack: smart host refuses for good", _OUT, 61, _outbound_refused),
    Scenario("attack: forwarding server away", _BACK, 63, _backend_away),
    Scenario("near miss: failures every 40 s", _BRUTE, 66, _slow_failures),
    Scenario("near miss: nine failures, IPv6", _BRUTE, 78, _nine_failures),
    Scenario("near miss: nine users", _SPRAY, 81, _nine_users),
    Scenario("near miss: four typos, success", _GUESS, 93, _four_typos),
    Scenario("near miss: four addresses", _MANY, 97, _four_sources),
    Scenario("near miss: PLAIN with TLS", _CLEAR, 101, _encrypted),
    Scenario("near miss: rejected, failed", _HAT, 103, _rejected_failed),
    Scenario("near miss: 99 recipients", _BURST, 105, _ninety_nine),
    Scenario("near miss: smart host busy", _OUT, 107, _outbound_later),
    Scenario("near miss: unknown user", _BACK, 109, _backend_knows_no_such_user),
    Scenario("near: two addresses", _BRUTE, 112, _failures_of_two_addresses, False),
    Scenario("near: slow spray", _SPRAY, 115, _slow_spray, False),
    Scenario("near: many good users", _SPRAY, 135, _many_good_users, False),
    Scenario("near: success first", _GUESS, 141, _success_first, False),
    Scenario("near: success of another", _GUESS, 152, _success_of_another, False),
    Scenario("near: success later", _GUESS, 161, _success_much_later, False),
    Scenario("near: four on each side", _GUESS, 186, _four_around_a_success, False),
    Scenario("near: addresses over hours", _MANY, 190, _slow_sources, False),
    Scenario("near: opening not seen", _CLEAR, 192, _opening_not_seen, False),
    Scenario("near: CRAM-MD5", _CLEAR, 194, _digest_in_the_clear, False),
    Scenario("near: accepted later", _HAT, 196, _accepted_after_reject, False),
    Scenario("near: many, no login", _BURST, 198, _many_without_login, False),
)
TEN_AND_TEN = tuple(s for s in SCENARIOS if s.shown)

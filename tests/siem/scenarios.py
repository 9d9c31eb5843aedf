"""Attacks to be found and near misses to be passed over, as raw lines of an appliance.

Each says which rule it is about and what that rule must name for it: the values that
the rule groups by, or, of a rule over single events, the raw line.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from tests.siem import attacks, near_misses
from tests.siem.log import Key, Log

Build = Callable[[Log], Iterable[Key] | None]


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
        keys = set(scenario.build(log) or ())
        assert bool(keys) == scenario.planted
        expected.setdefault(scenario.rule, set()).update(keys)
        lines += log.lines
    lines.sort(key=lambda line: line[0])
    return Corpus(
        tuple(line for _, line in lines),
        {rule: frozenset(keys) for rule, keys in expected.items()},
    )


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
    Scenario("attack: twelve failures in four minutes", _BRUTE, 2, attacks.brute_force),
    Scenario("attack: ten failures, IPv6", _BRUTE, 12, attacks.brute_force_v6),
    Scenario("attack: ten users in nine minutes", _SPRAY, 21, attacks.spray),
    Scenario("attack: success after six failures", _GUESS, 33, attacks.guessed),
    Scenario("attack: one user from six addresses", _MANY, 40, attacks.many_sources),
    Scenario("attack: PLAIN without TLS", _CLEAR, 51, attacks.cleartext),
    Scenario(
        "attack: login on a rejected connection", _HAT, 55, attacks.rejected_got_in
    ),
    Scenario("attack: 120 recipients after a login", _BURST, 57, attacks.taken_over),
    Scenario("attack: smart host refuses for good", _OUT, 61, attacks.outbound_refused),
    Scenario("attack: forwarding server away", _BACK, 63, attacks.backend_away),
    Scenario("near miss: failures every 40 s", _BRUTE, 66, near_misses.slow_failures),
    Scenario("near miss: nine failures, IPv6", _BRUTE, 78, near_misses.nine_failures),
    Scenario("near miss: nine users", _SPRAY, 81, near_misses.nine_users),
    Scenario("near miss: four typos, success", _GUESS, 93, near_misses.four_typos),
    Scenario("near miss: four addresses", _MANY, 97, near_misses.four_sources),
    Scenario("near miss: PLAIN with TLS", _CLEAR, 101, near_misses.encrypted),
    Scenario("near miss: rejected, failed", _HAT, 103, near_misses.rejected_failed),
    Scenario("near miss: 99 recipients", _BURST, 105, near_misses.ninety_nine),
    Scenario("near miss: smart host busy", _OUT, 107, near_misses.outbound_later),
    Scenario(
        "near miss: unknown user", _BACK, 109, near_misses.backend_knows_no_such_user
    ),
    Scenario(
        "near: two addresses", _BRUTE, 112, near_misses.failures_of_two_addresses, False
    ),
    Scenario("near: slow spray", _SPRAY, 115, near_misses.slow_spray, False),
    Scenario("near: many good users", _SPRAY, 135, near_misses.many_good_users, False),
    Scenario("near: success first", _GUESS, 141, near_misses.success_first, False),
    Scenario(
        "near: success of another", _GUESS, 152, near_misses.success_of_another, False
    ),
    Scenario("near: success later", _GUESS, 161, near_misses.success_much_later, False),
    Scenario(
        "near: four on each side", _GUESS, 186, near_misses.four_around_a_success, False
    ),
    Scenario("near: addresses over hours", _MANY, 190, near_misses.slow_sources, False),
    Scenario(
        "near: opening not seen", _CLEAR, 192, near_misses.opening_not_seen, False
    ),
    Scenario("near: CRAM-MD5", _CLEAR, 194, near_misses.digest_in_the_clear, False),
    Scenario(
        "near: accepted later", _HAT, 196, near_misses.accepted_after_reject, False
    ),
    Scenario(
        "near: many, no login", _BURST, 198, near_misses.many_without_login, False
    ),
    Scenario("attack, too: LOGIN", _CLEAR, 210, attacks.cleartext_login, False),
    Scenario(
        "attack, too: other codes", _OUT, 212, attacks.outbound_refused_otherwise, False
    ),
    Scenario("attack, too: other causes", _BACK, 214, attacks.backend_broken, False),
)
TEN_AND_TEN = tuple(s for s in SCENARIOS if s.shown)

"""Attacks to be found and near misses to be passed over, as raw lines of an appliance.

Each says which rule it is about and what that rule must name for it: the values that
the rule groups by, or, of a rule over single events, the raw line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from tests.siem import attacks, near_misses, plans
from tests.siem.log import START, Key, Log, Named, Rising
from tests.siem.plans import Build, Plan


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
    appliance: str = "esa01"

    @property
    def planted(self) -> bool:
        """Whether it is an attack."""
        return self.name.startswith("attack")


@dataclass(frozen=True, slots=True)
class Corpus:
    """The lines of several scenarios, in the order of their times."""

    logs: dict[str, tuple[str, ...]]
    """Appliance -> its lines."""
    expected: dict[str, frozenset[Key]]
    """Rule -> what it must name, and nothing else."""

    @property
    def text(self) -> bytes:
        """The log file of the only appliance."""
        (lines,) = self.logs.values()
        return joined(lines)


def joined(lines: tuple[str, ...]) -> bytes:
    """Return a log file."""
    return "".join(f"{line}\n" for line in lines).encode()


def corpus(scenarios: Iterable[Scenario]) -> Corpus:
    """Write the logs of ``scenarios``."""
    logs: dict[str, list[tuple[datetime, str]]] = {}
    named: list[tuple[str, Named]] = []
    # Of all appliances together, so that none has a number twice.
    numbers = count(1)
    for scenario in scenarios:
        log = Log(scenario.begin, numbers, scenario.appliance)
        found = list(scenario.build(log) or ())
        own = [key for key in found if not isinstance(key, Named)]
        assert bool(own) == scenario.planted, scenario.name
        everything = [*(Named(scenario.rule, key) for key in own), *found]
        named += [(log.appliance, n) for n in everything if isinstance(n, Named)]
        logs.setdefault(scenario.appliance, []).extend(log.lines)
    rising = {name: Rising(sorted(of, key=_time)) for name, of in logs.items()}
    expected: dict[str, set[Key]] = {s.rule: set() for s in scenarios}
    for appliance, (rule, key) in named:
        changed = tuple(map(rising[appliance].changed, key))
        expected.setdefault(rule, set()).add(changed)
    return Corpus(
        {name: of.lines for name, of in rising.items()},
        {rule: frozenset(keys) for rule, keys in expected.items()},
    )


def _time(line: tuple[datetime, str]) -> datetime:
    return line[0]


_BRUTE = "brute_force_by_source"
_SPRAY = "password_spray"
_GUESS = "success_after_failures"
_MANY = "one_user_from_many_sources"
_CLEAR = "auth_without_tls"
_HAT = "success_on_rejected_connection"
_BURST = "recipients_burst_after_success"
_OUT = "outbound_credentials_refused"
_BACK = "backend_unreachable"

_TEN = (
    Scenario(
        "attack: twelve failures in four minutes",
        _BRUTE,
        2,
        attacks.brute_force,
    ),
    Scenario(
        "attack: ten failures, IPv6",
        _BRUTE,
        12,
        attacks.brute_force_v6,
    ),
    Scenario("attack: ten users in nine minutes", _SPRAY, 21, attacks.spray),
    Scenario(
        "attack: success after six failures",
        _GUESS,
        33,
        attacks.guessed,
    ),
    Scenario(
        "attack: one user from six addresses",
        _MANY,
        40,
        attacks.many_sources,
    ),
    Scenario("attack: PLAIN without TLS", _CLEAR, 51, attacks.cleartext),
    Scenario(
        "attack: login on a rejected connection",
        _HAT,
        55,
        attacks.rejected_got_in,
    ),
    Scenario(
        "attack: 120 recipients after a login",
        _BURST,
        57,
        attacks.taken_over,
    ),
    Scenario(
        "attack: smart host refuses for good",
        _OUT,
        61,
        attacks.outbound_refused,
    ),
    Scenario(
        "attack: forwarding server away",
        _BACK,
        63,
        attacks.backend_away,
    ),
    Scenario(
        "near miss: failures every 40 s",
        _BRUTE,
        66,
        near_misses.slow_failures,
    ),
    Scenario(
        "near miss: nine failures, IPv6",
        _BRUTE,
        78,
        near_misses.nine_failures,
    ),
    Scenario("near miss: nine users", _SPRAY, 81, near_misses.nine_users),
    Scenario(
        "near miss: four typos, success",
        _GUESS,
        93,
        near_misses.four_typos,
    ),
    Scenario(
        "near miss: four addresses",
        _MANY,
        97,
        near_misses.four_sources,
    ),
    Scenario("near miss: PLAIN with TLS", _CLEAR, 101, near_misses.encrypted),
    Scenario(
        "near miss: rejected, failed",
        _HAT,
        103,
        near_misses.rejected_failed,
    ),
    Scenario(
        "near miss: 99 recipients",
        _BURST,
        105,
        near_misses.ninety_nine,
    ),
    Scenario(
        "near miss: smart host busy",
        _OUT,
        107,
        near_misses.outbound_later,
    ),
    Scenario(
        "near miss: unknown user",
        _BACK,
        109,
        near_misses.backend_knows_no_such_user,
    ),
)


def _hidden(word: str, plan: Plan) -> Iterator[Scenario]:
    for rule, rows in plan.items():
        for begin, build in rows:
            yield Scenario(f"{word}: {_words(build)}", rule, begin, build, False)


def _weeks(word: str, rows: Iterable[tuple[str, str, Build]]) -> Iterator[Scenario]:
    for rule, appliance, build in rows:
        yield Scenario(f"{word}: {_words(build)}", rule, 0, build, False, appliance)


def _words(build: Build) -> str:
    return build.__name__.replace("_", " ")


TEN_AND_TEN = _TEN
SCENARIOS = (
    *_TEN,
    *_hidden("attack", plans.ATTACKS),
    *_hidden("near", plans.NEAR_MISSES),
)
WEEKS = (
    *_weeks("attack", plans.WEEKS_OF_ATTACKS),
    *_weeks("near", plans.WEEKS_OF_NEAR_MISSES),
)
# What is here once has the same numbers in every corpus.
ALL = (*SCENARIOS, *WEEKS)
LOOKED = START + timedelta(days=20)

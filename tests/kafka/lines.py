"""The log of a fleet: every kind of session, seeded, with its appliance beside it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from random import Random

import orjson

from tests.bench.corpora import START
from tests.bench.traffic import Traffic, interleave
from tests.soak.lines import reused

#: Of the configuration: sessions that nobody closes expire on the way.
MAX_AGE = 600
#: Connections between two looks for what is too old, as this cap makes it.
CAP, LOOK = 12_800, 100
_AT_ONCE = 20
_A_SECOND = (1, 9)


@dataclass(frozen=True, slots=True)
class Line:
    """A line; ``key`` is None where the appliance names itself in it."""

    appliance: str
    key: str | None
    raw: bytes

    def record(self) -> bytes:
        """Return the line as `filter --input json` takes it."""
        record = {"message": self.raw.decode()}
        return orjson.dumps(record | ({"host": self.key} if self.key else {})) + b"\n"


def fleet(lines: int, appliances: int, seed: int) -> Iterator[Line]:
    """Yield about ``lines`` lines of so many appliances, in the order of their time.

    One appliance in five sends syslog without a key, the rest native lines with one.
    The last lines of each make it look for what is too old.
    """
    random = Random(seed)
    made = [_Machine(number, Random(seed + number)) for number in range(appliances)]
    seconds = max(1, lines // appliances // 5)
    for at in range(START, START + seconds):
        for machine in random.sample(made, len(made)):
            yield from machine.second(at, late=at > START + seconds // 2)
    for machine in made:
        yield from machine.last(START + seconds + MAX_AGE)


class _Machine:
    def __init__(self, number: int, random: Random) -> None:
        self._name = f"esa{number:03d}"
        self._keyed = number % 5 != 4
        self._random = random
        self._late = False
        self._files = count(1)
        self._maker = Traffic(random)
        self._bodies = interleave(random, self._sessions(), _AT_ONCE)

    def second(self, at: int, *, late: bool) -> Iterator[Line]:
        self._late = late
        if self._random.random() < 0.01 or at == START:
            yield from self._header(at)
        for body in islice(self._bodies, self._random.randint(*_A_SECOND)):
            yield self._line(at, body)

    def last(self, at: int) -> Iterator[Line]:
        for icid in range(800_000_000, 800_000_000 + LOOK):
            first, _ = self._maker.opening(icid)
            yield self._line(at, first)
            yield self._line(at, f"ICID {icid} close")

    def _header(self, at: int) -> Iterator[Line]:
        number = next(self._files)
        yield self._line(at, "Begin Logfile")
        yield self._line(at, f"Version: 15.5.{number % 3}-055 SN: 0000-{self._name}")
        if self._keyed:
            # The same for good: a clock that jumped back would be another test.
            yield self._line(at, "Time offset from UTC: 3600 seconds")

    def _sessions(self) -> Iterator[list[str]]:
        maker, chance = self._maker, self._random.random
        ordinary, flood = maker.ordinary_sessions(), maker.flood_sessions()
        while True:
            drawn = chance()
            if drawn < 0.5:
                yield next(ordinary)
            elif drawn < 0.9:
                yield next(flood)
            elif drawn < 0.93:
                yield _insistent(maker)
            elif drawn < 0.96:
                yield reused(maker)
            elif drawn < 0.98 and not self._late:
                yield maker.guesses(3)[:-1]
            else:
                icid = next(maker.icids)
                yield [f"SMTP Auth: (ICID {icid}) pondered over user: alice"]

    def _line(self, at: int, body: str) -> Line:
        stamp = time.asctime(time.gmtime(at))
        if self._keyed:
            return Line(self._name, self._name, f"{stamp} Info: {body}".encode())
        syslog = f"<166>{stamp[4:19]} {self._name} mail_logs: Info: {body}"
        return Line(self._name, None, syslog.encode())


def _insistent(maker: Traffic) -> list[str]:
    """A client that tries one password again and again: identical lines."""
    icid = next(maker.icids)
    return [
        *maker.opening(icid),
        *[maker.inbound_result(icid, "admin", "failed")] * 12,
        f"ICID {icid} close",
    ]

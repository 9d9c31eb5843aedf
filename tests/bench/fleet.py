"""Syslog lines of many appliances, as a collector gets them: one of each in turn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain, islice
from random import Random

from tests.bench import traffic

# Of each appliance: so what a new second costs is the same in every fleet.
LINES_A_SECOND = 50
# The name for nameless lines is one of the fleet's, for it counts as an appliance too:
# one name more than 10,000, and each line would drop another appliance.
FLEET_OPTIONS = ("--input", "syslog", "--appliance", "esa00000")


def bodies(seed: int) -> Iterator[str]:
    """Give the bodies of one appliance, session after session."""
    maker = traffic.Traffic(Random(seed))
    return chain.from_iterable(maker.ordinary_sessions())


def sent(appliances: int, seed: int) -> Iterator[tuple[str, str]]:
    """Give (name of the appliance, body) without end."""
    fleet = [
        (f"esa{number:05}", bodies(seed * 1_000_000 + number))
        for number in range(appliances)
    ]
    while True:
        for name, lines in fleet:
            yield name, next(lines)


def blocks(
    size: int, appliances: int, seed: int, start: int
) -> Iterator[tuple[bytes, int, int]]:
    """Give (lines, their number, their AUTH results) of each second from ``start``."""
    lines = islice(sent(appliances, seed), size)
    at = start
    while second := list(islice(lines, LINES_A_SECOND * appliances)):
        stamp = time.asctime(time.gmtime(at))[4:19]
        text = "".join(
            f"<166>{stamp} {name} mail_logs: Info: {body}\n" for name, body in second
        )
        results = sum(traffic.is_result(body) for _, body in second)
        yield text.encode(), len(second), results
        at += 1

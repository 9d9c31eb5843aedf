"""A log to be written, read and killed over: every kind of line, seeded."""

import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from random import Random

from tests.bench.corpora import HEADER, START
from tests.bench.traffic import Traffic, interleave

#: Begins every file of the log, as the appliance does it; writers rotate before it.
FIRST_LINE = b"Info: Begin Logfile\n"
#: User of the very last line, which says that everything before it was read.
LAST_USER = "last@example.org"
_AT_ONCE = 100
_RATE = (100, 400)
_LAST_ICID = 900_000_000


def write_source(path: Path, lines: int, files: int, seed: int) -> int:
    """Write a whole log of about ``lines`` lines; return how many there are."""
    written = 0
    with path.open("wb") as file:
        for block in _blocks(lines, files, seed):
            file.write(block)
            written += block.count(b"\n")
    return written


def last_line(stamp: str) -> str:
    """Return the line that ends every source."""
    return (
        f"{stamp} Info: SMTP Auth: (ICID {_LAST_ICID}) failed for user: {LAST_USER} "
        "using AUTH mechanism: LOGIN with profile: IncomingAuthentication\n"
    )


def _blocks(lines: int, files: int, seed: int) -> Iterator[bytes]:
    random = Random(seed)
    bodies = interleave(random, _sessions(Traffic(random), random), _AT_ONCE)
    rest, each = lines, -(-lines // files)
    for at in count(START):
        stamp = time.asctime(time.gmtime(at))
        taken = min(random.randint(*_RATE), rest)
        # A new file whenever the lines of one are full.
        begins = rest == lines or rest // each != (rest - taken) // each
        head = HEADER if begins else ()
        second = [*head, *islice(bodies, taken)]
        rest -= taken
        yield "".join(f"{stamp} Info: {body}\n" for body in second).encode()
        if rest <= 0:
            yield last_line(time.asctime(time.gmtime(at + 1))).encode()
            return


def _sessions(maker: Traffic, random: Random) -> Iterator[list[str]]:
    """Mix ordinary sessions with floods and with what is hard to keep apart."""
    ordinary, flood = maker.ordinary_sessions(), maker.flood_sessions()
    while True:
        chance = random.random()
        if chance < 0.4:
            yield next(ordinary)
        elif chance < 0.9:
            yield next(flood)
        elif chance < 0.94:
            yield _repeated(maker)
        elif chance < 0.98:
            yield reused(maker)
        else:
            yield [f"SMTP Auth: (ICID {next(maker.icids)}) pondered over user: alice"]


def _repeated(maker: Traffic) -> list[str]:
    """A client that tries one password again and again: identical lines."""
    icid = next(maker.icids)
    return [
        *maker.opening(icid),
        *[maker.inbound_result(icid, "admin", "failed")] * 12,
        f"ICID {icid} close",
    ]


def reused(maker: Traffic) -> list[str]:
    """An ICID that is opened again without having been closed."""
    icid = next(maker.icids)
    return [
        *maker.opening(icid, "FIRST"),
        maker.inbound_result(icid, "carol@example.com", "failed"),
        *maker.opening(icid, "SECOND"),
        maker.inbound_result(icid, "dave@example.com", "succeeded"),
        f"ICID {icid} close",
    ]

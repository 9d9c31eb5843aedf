"""Mutated lines by the million: `python -m tests.fuzz.lines --lines 10000000 --jobs 2`.

Grammar's samples and openings of a few sessions of three appliances, changed by bytes
and by the grammar's words, in every framing; every batch is a log of its own, held
against the oracle.
"""

import argparse
import faulthandler
import random
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import NamedTuple

from esa_auth.grammar import RULES
from tests.fuzz.apart import changed_fields
from tests.fuzz.frames import FRAMES, SETTINGS, Line, Log, log_of
from tests.fuzz.generations import earlier_fields
from tests.fuzz.oracle import wrong_fields
from tests.fuzz.ways import differing_ways
from tests.support.harness import Run, decode
from tests.support.strategies import KEYWORDS

BATCH = 200
# A batch takes tens of milliseconds; one that takes this long is a hang.
HANG_SECONDS = 60
_CID = re.compile(rb"(?<=CID )[0-9]+|(?<=CID: )[0-9]+")
_SAMPLES = [rule.sample.encode() for rule in RULES]
_WORDS = [word.encode() for word in KEYWORDS]
_FORMS = tuple(FRAMES)


class Account(NamedTuple):
    """What became of some lines; ``slowest`` batch in seconds of the processor."""

    lines: int = 0
    events: int = 0
    dead: int = 0
    ignored: int = 0
    context: int = 0
    slowest: float = 0.0

    def plus(self, other: "Account") -> "Account":
        """Return both together."""
        return Account(
            self.lines + other.lines,
            self.events + other.events,
            self.dead + other.dead,
            self.ignored + other.ignored,
            self.context + other.context,
            max(self.slowest, other.slowest),
        )


def _openings(number: int, host: int, at: int) -> list[bytes]:
    # So that an address, a group and a name are of one session of one appliance.
    mark = b"%d.%d" % (host, number)
    return [
        # Another client at each opening, for a number that is used again.
        b"New SMTP ICID %d interface Data 1 (192.0.2.1) address 198.51.%b reverse dns "
        b"host h%b.%d.example.com verified no" % (number, mark, mark, at),
        b"ICID %d ACCEPT SG G%b match ALL SBRS 1.2 country C%b" % (number, mark, mark),
        b"ICID %d TLS success protocol TLSv1.2 cipher X%b" % (number, mark),
        b"New SMTP DCID %d interface 192.0.2.1 address 203.0.%b port 25"
        % (number, mark),
        b"SMTP Auth: (ICID %d) failed for user: u%b using AUTH mechanism: M%b with "
        b"profile: p%b" % (number, mark, mark, mark),
        b"ICID %d close" % number,
        b"DCID %d TLS success protocol TLSv1.2 cipher Y%b" % (number, mark),
        b"DCID: %d IP: 203.0.%b SMTP authentication using the profile q%b succeeded."
        % (number, mark, mark),
        b"DCID: %d IP: 203.0.%b SMTP authentication using the profile q%b "
        b"failed: ('535', ['5.7.8 r%b'])" % (number, mark, mark, mark),
        b"Message done DCID %d MID %d to RID [0, 1] " % (number, at),
        b"Bounced: DCID %d MID %d to RID 0 - 5.1.0 - Unknown address error "
        b"('554', ['5.7.1 b%b'])" % (number, at, mark),
        b"DCID %d close" % number,
    ]


def mutated(line: bytes, chance: random.Random) -> bytes:
    """Return ``line`` with a few changes."""
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        start = chance.randrange(len(line) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            line = line[:start] + chance.randbytes(chance.randrange(4)) + line[start:]
        elif kind == 1:
            line = line[:start] + line[start + chance.randrange(1, 12) :]
        elif kind == 2:
            line = line[:start] + chance.choice(_WORDS) + line[start:]
        elif kind == 3:
            line = line[:start] + line[start + 1 :] + line[start : start + 1]
        else:
            line = line[:start] + chance.choice(_SAMPLES)
    return line.replace(b"\n", b"")


def batch(chance: random.Random, size: int = BATCH, form: str | None = None) -> Log:
    """Return a log in one framing, any if ``form`` is None."""
    form = form or chance.choice(_FORMS)
    return log_of(form, list(_lines(form, size, chance)), chance)


def _lines(form: str, size: int, chance: random.Random) -> Iterator[Line]:
    for at in range(size):
        host, number = chance.randrange(3), chance.randrange(6, 9)
        if chance.random() < 0.6:
            body = chance.choice(_openings(number, host, at))
        else:
            body = _CID.sub(b"%d" % number, chance.choice(_SAMPLES))
        second, name = at // 10, f"e{host}"
        framed = chance.choice(FRAMES[form])(body, second, name)
        yield mutated(framed, chance), second, name


def judged(log: Log) -> Run:
    """Read a log; see that nothing vanishes and nothing is of another line."""
    found = decode(log.blocks, log.form, SETTINGS)
    found.assert_accounted()
    assert found.counters.lines == len(log.lines) + log.broken
    for wrong in chain(
        wrong_fields(log.lines, found),
        changed_fields(log, found),
        earlier_fields(log, found),
        differing_ways(log),
    ):
        raise AssertionError(wrong)
    return found


def portion(seed: int, first: int, last: int) -> Account:
    """Judge batches ``first`` up to ``last``, each from a seed of its own."""
    total = Account()
    for number in range(first, last):
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True, file=2)
        begun = time.process_time()
        try:
            found = judged(batch(random.Random(f"{seed} {number}")))
        except BaseException:
            print(f"batch {number} of seed {seed}: repeat it with --first {number}")
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()
        count, dead = found.counters, len(found.dead)
        seconds = time.process_time() - begun
        events = len(found.events)
        total = total.plus(
            Account(count.lines, events, dead, count.ignored, count.context, seconds)
        )
    return total


def main(words: list[str]) -> int:
    """Read as many lines as asked for, and print the counts."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.lines")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of a batch")
    parser.add_argument("--portion", type=int, default=250, help="batches at a time")
    args = parser.parse_args(words)
    last = args.first + -(-args.lines // BATCH)
    starts = range(args.first, last, args.portion)
    ends = [min(start + args.portion, last) for start in starts]
    total = Account()
    with ProcessPoolExecutor(args.jobs, get_context("fork")) as pool:
        try:
            for done in pool.map(partial(portion, args.seed), starts, ends):
                total = total.plus(done)
                if sys.stderr.isatty():
                    print(f"\r{total.lines} lines", end="", file=sys.stderr)
        except BrokenProcessPool:
            print(f"a process is gone, after {total.lines} lines: a hang or a crash")
            return 1
    print(
        f"{total.lines} lines in {', '.join(_FORMS)}: {total.events} events, "
        f"{total.dead} dead letters, {total.context} context, {total.ignored} ignored; "
        f"slowest batch of {BATCH} lines {total.slowest * 1000:.0f} ms; "
        "0 exceptions, 0 hangs, 0 wrong attributions"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

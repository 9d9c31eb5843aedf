"""Mutated lines by the million: `python -m tests.fuzz.lines --lines 10000000`.

Grammar's samples and openings of a few sessions of three appliances, changed by bytes
and by the grammar's words; every batch is a log of its own, held against the oracle.
"""

import argparse
import random
import re
import signal
import sys
from collections.abc import Iterator

from esa_auth.grammar import RULES
from tests.fuzz.oracle import wrong_fields
from tests.harness import Run, native, run, syslog
from tests.strategies import KEYWORDS

BATCH = 200
# A batch takes milliseconds; one that takes this long is a hang.
HANG_SECONDS = 60
_CID = re.compile(rb"(?<=CID )[0-9]+|(?<=CID: )[0-9]+")
_SAMPLES = [rule.sample.encode() for rule in RULES]
_WORDS = [word.encode() for word in KEYWORDS]


def _openings(number: int, host: int) -> list[bytes]:
    # So that an address, a group and a name are of one session of one appliance.
    mark = b"%d.%d" % (host, number)
    return [
        b"New SMTP ICID %d interface Data 1 (192.0.2.1) address 198.51.%b reverse dns "
        b"host h%b.example.com verified no" % (number, mark, mark),
        b"ICID %d ACCEPT SG G%b match ALL SBRS 1.2 country C%b" % (number, mark, mark),
        b"ICID %d TLS success protocol TLSv1.2 cipher X%b" % (number, mark),
        b"New SMTP DCID %d interface 192.0.2.1 address 203.0.%b port 25"
        % (number, mark),
        b"SMTP Auth: (ICID %d) failed for user: u%b using AUTH mechanism: M%b with "
        b"profile: p%b" % (number, mark, mark, mark),
        b"ICID %d close" % number,
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


def batch(chance: random.Random, size: int = BATCH) -> Iterator[bytes]:
    """Yield the lines of a log."""
    for at in range(size):
        host, number = chance.randrange(3), chance.randrange(6, 9)
        if chance.random() < 0.6:
            body = chance.choice(_openings(number, host))
        else:
            body = _CID.sub(b"%d" % number, chance.choice(_SAMPLES))
        second = at // 10
        frame = native(body, second) if not host else syslog(body, second, f"e{host}")
        yield mutated(frame, chance)


def judged(lines: list[bytes]) -> Run:
    """Run a log; see that nothing vanishes and nothing is of another line."""
    found = run(lines)
    found.assert_accounted()
    assert found.counters.lines == len(lines)
    for wrong in wrong_fields(lines, found):
        raise AssertionError(wrong)
    return found


def main(words: list[str]) -> int:
    """Run as many lines as asked for, and print the counts."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.lines")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=9)
    args = parser.parse_args(words)
    # Each batch from a seed of its own: a finding is repeated by it alone.
    total = events = dead = ignored = 0
    for number in range(-(-args.lines // BATCH)):
        signal.alarm(HANG_SECONDS)
        try:
            found = judged(list(batch(random.Random(f"{args.seed} {number}"))))
        except BaseException:
            print(f"batch {number} of seed {args.seed}, after {total} lines")
            raise
        total += BATCH
        events += len(found.events)
        dead += len(found.dead)
        ignored += found.counters.ignored
        if not (number + 1) % 5000:
            print(f"{total} lines, {events} events, {dead} dead letters", flush=True)
    counts = f"{total} lines, {events} events, {dead} dead letters, {ignored} ignored"
    print(f"{counts}, 0 exceptions, 0 hangs, 0 wrong attributions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

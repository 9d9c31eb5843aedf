"""Corpora for the bench: written once, the same bytes for the same spec."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Literal

import msgpack

from tests.bench import fleet, traffic

Kind = Literal[
    "ordinary", "quiet", "flood", "million", "syslog", "json", "msgpack", "fleet"
]
Frame = Callable[[list[str]], bytes]

HEADER = (
    "Begin Logfile",
    "Version: 15.5.1-055 SN: 000000000000-{seed:07}",
    "Time offset from UTC: 3600 seconds",
)
HOST = "esa01"
START = 1773766800  # the appliance's clock shows Tue Mar 17 17:00:00 2026
MOST_PROBES = 1000
ORDINARY_RATE = (200, 500)
FLOOD_RATE = (3000, 5000)
# All sessions must open well within any idle limit, which counts in log time.
MILLION_RATE = (50_000, 50_000)
# Columns of a native line: month, level, body.
MONTH_AT, LEVEL_AT, BODY_AT = 4, 25, 31
BYTES_A_LINE = 150


@dataclass(frozen=True, slots=True)
class Spec:
    """What to write; ``size`` is lines, but sessions for ``million``.

    ``seed`` is in the serial number; ``after`` are the lines of ordinary traffic behind
    the open sessions of ``million``.
    ``quiet`` is ordinary traffic without the AUTH results, ``fleet`` what a collector
    gets of so many appliances.
    """

    kind: Kind
    size: int
    seed: int = 1
    appliances: int = 1
    after: int = 0

    @property
    def stem(self) -> str:
        special = {"fleet": f"-{self.appliances}", "million": f"-{self.after}"}
        return f"{self.kind}-{self.size}{special.get(self.kind, '')}-{self.seed}"

    @property
    def lines(self) -> int:
        """How many lines it has, about."""
        return self.after + self.size * (2 if self.kind == "million" else 1)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A written corpus and the work that is in it."""

    path: Path
    lines: int
    results: int
    size: int


class NoRoom(Exception):
    """The disk cannot hold the corpus."""


def expected_results(spec: Spec) -> int:
    """Count the AUTH result lines that a corpus of this spec has."""
    return sum(found for _, _, found in blocks(spec))


def seconds(spec: Spec) -> Iterator[list[str]]:
    """Give the bodies of each second of log time, file header first."""
    # Reproducible on purpose; nothing here is secret.
    random = Random(spec.seed)
    maker = traffic.Traffic(random)
    limit: int | None = spec.size
    rate = ORDINARY_RATE
    bodies: Iterator[str]
    if spec.kind == "million":
        probes = min(MOST_PROBES, spec.size)
        behind = traffic.interleave(random, maker.ordinary_sessions(), 300)
        bodies = chain(
            maker.open_sessions(spec.size, probes),
            islice(behind, spec.after),
        )
        limit, rate = None, MILLION_RATE
    elif spec.kind == "flood":
        bodies = traffic.interleave(random, maker.flood_sessions(), 100)
        rate = FLOOD_RATE
    else:
        bodies = traffic.interleave(random, maker.ordinary_sessions(), 300)
    if spec.kind == "quiet":
        bodies = (body for body in bodies if not traffic.is_result(body))
    header = [line.format(seed=spec.seed) for line in HEADER]
    lines = islice(chain(header, bodies), limit)
    while second := list(islice(lines, random.randint(*rate))):
        yield second


def stamped(spec: Spec) -> Iterator[list[str]]:
    """Give the native lines of each second."""
    for at, second in enumerate(seconds(spec), START):
        prefix = f"{time.asctime(time.gmtime(at))} Info: "
        yield [prefix + body for body in second]


def frame_native(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def frame_syslog(lines: list[str]) -> bytes:
    """Give the lines as the appliance pushes them: no year, no weekday."""
    stamp = lines[0][MONTH_AT : MONTH_AT + 15]
    prefix = f"<166>{stamp} {HOST} mail_logs: "
    return "".join(f"{prefix}{line[LEVEL_AT:]}\n" for line in lines).encode()


def frame_json(lines: list[str]) -> bytes:
    return "".join(
        f'{{"message": {json.dumps(line)}, "host": "{HOST}"}}\n' for line in lines
    ).encode()


def frame_msgpack(lines: list[str]) -> bytes:
    """Give one map a line; Fluentd's in_tail sends the message as ``bin``."""
    pack = msgpack.Packer().pack
    return b"".join(pack({"message": line.encode(), "host": HOST}) for line in lines)


FRAMES: dict[Kind, Frame] = {
    "syslog": frame_syslog,
    "json": frame_json,
    "msgpack": frame_msgpack,
}


def recipe() -> str:
    """Give a digest of the generators, so that a change is never read stale."""
    digest = hashlib.sha256()
    for module in (__file__, fleet.__file__, traffic.__file__):
        digest.update(Path(module).read_bytes())
    return digest.hexdigest()[:12]


def write(spec: Spec, cache: Path) -> Corpus:
    """Write the corpus into ``cache``, or find it there.

    Raises:
        NoRoom: the disk is too full for it.
    """
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"{spec.stem}.{recipe()}.log"
    about = path.with_suffix(".json")
    if not about.exists():
        for stale in cache.glob(f"{spec.stem}.*"):
            stale.unlink()
        if spec.lines * BYTES_A_LINE > shutil.disk_usage(cache).free:
            raise NoRoom(f"no room for {spec.lines:,} lines in the cache")
        about.write_text(json.dumps(write_lines(spec, path)))
    known = json.loads(about.read_text())
    return Corpus(path, known["lines"], known["results"], path.stat().st_size)


def write_lines(spec: Spec, path: Path) -> dict[str, object]:
    lines = results = 0
    with path.open("wb") as file:
        for block, count, found in blocks(spec):
            file.write(block)
            lines += count
            results += found
    return {"spec": asdict(spec), "lines": lines, "results": results}


def blocks(spec: Spec) -> Iterator[tuple[bytes, int, int]]:
    """Give (framed lines, their number, their AUTH results), block by block."""
    if spec.kind == "fleet":
        yield from fleet.blocks(spec.size, spec.appliances, spec.seed, START)
        return
    frame = FRAMES.get(spec.kind, frame_native)
    for second in stamped(spec):
        results = sum(traffic.is_result(line[BODY_AT:]) for line in second)
        yield frame(second), len(second), results


def first_lines() -> bytes:
    """Give 18 native lines of one session with one login, for a cold start."""
    maker = traffic.Traffic(Random(1))
    header = [line.format(seed=0) for line in HEADER]
    bodies = [*header, *maker.message(user="alice@example.com")][:18]
    stamp = time.asctime(time.gmtime(START))
    return frame_native([f"{stamp} Info: {body}" for body in bodies])

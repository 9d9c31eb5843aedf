"""A process that writes a log as an appliance does: in bursts, rotating.

A script of its own that imports nothing of the project. Rotates before each file
header of the source, in the way that ``style`` names; bursts end anywhere, inside of
lines too.
"""

import os
import random
import shutil
import sys
import time
from pathlib import Path

FIRST_LINE = b" Info: Begin Logfile\n"
_STAMP = 24
LIVE = {"current": "mail.current", "numbered": "mail.log", "copytruncate": "mail.log"}


def parts(source: bytes) -> list[bytes]:
    """Cut the source into files."""
    starts, at = [], -1
    while (at := source.find(FIRST_LINE, at + 1)) >= 0:
        starts.append(at - _STAMP)
    ends = [*starts[1:], len(source)]
    return [source[start:end] for start, end in zip(starts, ends, strict=True)]


def rotate(live: Path, style: str, number: int) -> None:
    """Put the file that is full out of the way."""
    if style == "current":
        live.rename(live.with_name(f"mail.@20260317T{number:06}.s"))
    elif style == "numbered":
        for old in range(number - 1, 0, -1):
            live.with_name(f"mail.log.{old}").rename(
                live.with_name(f"mail.log.{old + 1}")
            )
        live.rename(live.with_name("mail.log.1"))
    else:
        # Time for the reader to catch up: what comes between copy and truncation is
        # lost to everyone, and not the subject here.
        # A name with a day that no month has would be no rotated file's.
        month, day = divmod(number - 1, 28)
        shutil.copy(live, live.with_name(f"mail.log-2026{month + 1:02}{day + 1:02}"))
        os.truncate(live, 0)


def write(source: Path, folder: Path, style: str, seconds: float) -> None:
    """Write all of ``source`` within about ``seconds``."""
    chance = random.Random(1)
    data = source.read_bytes()
    live, begun, done = folder / LIVE[style], time.monotonic(), 0
    for number, part in enumerate(parts(data)):
        if number:
            rotate(live, style, number)
        with live.open("ab", buffering=0) as file:
            while part:
                burst = chance.choice((7, 300, 5_000, 60_000))
                done += file.write(part[:burst])
                part = part[burst:]
                ahead = done / len(data) * seconds - (time.monotonic() - begun)
                time.sleep(max(0.0, ahead))


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))

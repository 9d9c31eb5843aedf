"""True lines of an appliance, stamps that are forged, and runs with stops between."""

from dataclasses import replace
from itertools import pairwise

import msgpack

from esa_auth.pipeline import Pipeline, Settings
from tests.support.harness import Event, Run, ended, inbound, made, opened

# 17 March 2026, 18:30 UTC.
NOW = 1_773_772_200
LIVE = Settings(reference=NOW, live=True, zone="UTC")
ARCHIVE = Settings(reference=NOW, zone="UTC")
CLIENT = "198.51.100.7"
# Years, a day and a bit, and both directions; in each form that collectors write.
FORGED = (
    b"<22>2001-06-15T00:00:00Z esa1 mail_logs: Info: ",
    b"<22>2001-06-15T00:00:00 esa1 mail_logs: Info: ",
    b"<22>Jun 15 00:00:00 2001 esa1 mail_logs: Info: ",
    b"<22>Mar 17 18:24:40 esa1 mail_logs: Fri Jun 15 00:00:00 2001 Info: ",
    b"<22>1 1999-12-31T23:59:59Z esa1 mail_logs - - - Info: ",
    b"<22>Mar 15 18:00:00 esa1 mail_logs: Info: ",
    b"<22>May 20 00:00:00 esa1 mail_logs: Info: ",
    b"<22>Nov 10 00:00:00 esa1 mail_logs: Info: ",
    b"<22>2026-03-19T00:00:00Z esa1 mail_logs: Info: ",
    b"<22>2099-01-01T00:00:00Z esa1 mail_logs: Info: ",
    b"<22>9999-12-31T23:59:59Z esa1 mail_logs: Info: ",
    b"<22>0001-01-01T00:00:00Z esa1 mail_logs: Info: ",
)


def bsd(second: int, body: bytes) -> bytes:
    time = f"Mar 17 18:{24 + second // 60:02d}:{second % 60:02d}"
    return f"<22>{time} esa1 mail_logs: Info: ".encode() + body


TRUE = [
    bsd(0, opened(5)[0]),
    bsd(0, opened(5)[1]),
    bsd(1, inbound(5, "ann")),
    bsd(
        2,
        b"New SMTP ICID 6 interface Data 1 (192.0.2.1) address 198.51.100.8 "
        b"reverse dns host unknown verified no",
    ),
    bsd(3, inbound(5, "ann", "succeeded")),
    bsd(4, inbound(6, "bob")),
    bsd(5, b"ICID 5 close"),
    bsd(65, b"ICID 6 close"),
]


def through(lines: list[bytes], settings: Settings, cuts: tuple[int, ...] = ()) -> Run:
    """Run lines, with a stop and a start before each of ``cuts``."""
    pipeline, runs = made(settings), []
    edges = [0, *cuts, len(lines)]
    for at, until in pairwise(edges):
        if at:
            saved = msgpack.packb(pipeline.snapshot())
            runs.append(ended(pipeline))
            pipeline = made(settings)
            pipeline.restore(msgpack.unpackb(saved, strict_map_key=False))
        pipeline.at(NOW)
        pipeline.feed(lines[at:until])
    pipeline.drain()
    runs.append(ended(pipeline))
    if not cuts:
        runs[0].assert_accounted()
    events = [event for run in runs for event in run.events]
    dead = [letter for run in runs for letter in run.dead]
    return Run(events, dead, runs[-1].counters)


def is_forged(event: Event) -> bool:
    return bool(event.get("user", {}).get("name") == "forged")


def without_forged(found: Run) -> list[Event]:
    return [event for event in found.events if not is_forged(event)]


def live(now: int) -> Pipeline:
    return made(replace(LIVE, reference=now))

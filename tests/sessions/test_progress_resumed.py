"""Reports on open sessions are the same ones over stops, and those of a slow joiner."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.pipeline import Pipeline, ReportEvery, Settings
from esa_auth.pipeline.ledger import Ledger
from tests.differential.joiner import Joiner
from tests.differential.test_differential import FAULTS, REFERENCE, of_event
from tests.differential.traffic import lines as traffic
from tests.sessions.reports import PROGRESS, reports
from tests.support.harness import (
    SETTINGS,
    Event,
    ended,
    inbound,
    made,
    opened,
    run,
    syslog,
    taken,
)

_WAYS = st.sampled_from(
    [
        replace(SETTINGS, report_every=every, **more)
        for every in (ReportEvery(3), ReportEvery(None, 5), ReportEvery(4, 7))
        for more in (
            {},
            {"wait": 3},
            {"id_key": b"i" * 32, "redact": True, "redact_wait": 9},
            {"wait": 2, "id_key": b"i" * 32, "redact": True, "redact_wait": 4},
        )
    ]
)


def _log(seed: int) -> list[bytes]:
    """Return lines of a few sessions that send much, of two appliances."""
    rand = random.Random(seed)
    mids = iter(range(1, 10_000))
    lines, second = [], 0
    open_: dict[tuple[str, int], int | None] = {}
    for _ in range(120):
        second += rand.choice((0, 0, 0, 1, 2))
        host, icid = rand.choice(("esa01", "esa02")), rand.choice((7, 8))
        mid = open_.get((host, icid))
        user = rand.choice(("ann", "bob", "hunterss"))
        bodies: list[str | bytes] = [
            *opened(icid),
            inbound(icid, user, "failed"),
            inbound(icid, user, "succeeded"),
            f"Start MID {next(mids)} ICID {icid}",
            *[f"MID {mid} ICID {icid} RID 0 To: <u@example.org>"] * 6,
            *[f"MID {mid} ready 9 bytes from <ann@example.com>"] * 4,
            f"New SMTP DCID {icid} interface 192.0.2.1 address 203.0.113.9 port 25",
            f"DCID: {icid} IP: 203.0.113.9 SMTP authentication using the profile"
            " relay succeeded",
            *[f"Message done DCID {icid} MID 1 to RID [0, 1]"] * 3,
            f"Bounced: DCID {icid} MID 1 to RID 0 - 5.1.0 - Unknown address error"
            " ('550', ['5.1.1 no such user'])",
            *([f"ICID {icid} close"] if rand.random() < 0.2 else []),
        ]
        body = rand.choice(bodies)
        if isinstance(body, str) and body.startswith("Start"):
            open_[host, icid] = int(body.split()[2])
        lines.append(syslog(body, second, host))
    return lines


# A cut behind the last line would have two of the parts end the input.
@given(st.integers(0, 10**6), st.lists(st.integers(0, 119), max_size=4), _WAYS)
@settings(max_examples=25, deadline=None)
def test_a_stop_anywhere_changes_nothing(
    seed: int, cuts: list[int], wanted: Settings
) -> None:
    lines = _log(seed)
    whole = run(lines, wanted)
    whole.assert_accounted()
    for again in (_from_snapshot, _from_ledger):
        events, context = [], 0
        for pipeline in again(lines, sorted(cuts), wanted):
            events += taken(pipeline)
            context += pipeline.counters.context
        assert _safe(events, wanted) == _safe(whole.events, wanted)
        assert context == whole.counters.context


def _safe(events: list[Event], wanted: Settings) -> dict[str, list[Event]]:
    """Return the events of each appliance, less names in doubt, which are not saved."""
    if wanted.redact_wait:
        # Its doubt is not saved either, so that it may be told before others.
        events = sorted(map(_nameless, events), key=lambda e: str(e["event"]["id"]))
    names = {e["observer"]["name"] for e in events}
    return {n: [e for e in events if e["observer"]["name"] == n] for n in names}


def _nameless(event: Event) -> Event:
    kept = ("@timestamp", "cisco_esa", "observer")
    about = {**event["event"], "original": "", "hash": ""}
    own = {k: v for k, v in event["cisco_esa"].items() if k != "flags"}
    if "summary" in own:
        own["summary"] = {k: v for k, v in own["summary"].items() if k != "users"}
    return {**{k: event[k] for k in kept}, "event": about, "cisco_esa": own}


def _from_snapshot(
    lines: list[bytes], cuts: list[int], wanted: Settings
) -> Iterator[Pipeline]:
    saved = None
    for begin, end in pairwise([0, *cuts, len(lines)]):
        pipeline = made(wanted)
        if saved is not None:
            pipeline.restore(msgpack.unpackb(saved, strict_map_key=False))
        pipeline.feed(lines[begin:end])
        saved = msgpack.packb(pipeline.snapshot())
        if end == len(lines):
            pipeline.drain()
        yield pipeline


def _from_ledger(
    lines: list[bytes], cuts: list[int], wanted: Settings
) -> Iterator[Pipeline]:
    written: dict[str, dict[str, bytes]] = {"esa01": {}, "esa02": {}}
    for begin, end in pairwise([0, *cuts, len(lines)]):
        pipeline = made(wanted)
        ledgers = {}
        for name, entries in written.items():
            ledgers[name] = Ledger(pipeline.registry.named(name))
            if entries:
                ledgers[name].restore(entries.get)
        pipeline.resume()
        pipeline.feed(lines[begin:end])
        for name, ledger in ledgers.items():
            for key, value in ledger.changes():
                if value is None:
                    del written[name][key]
                else:
                    written[name][key] = value
        if end == len(lines):
            pipeline.drain()
        yield pipeline


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_no_report_is_missing_and_none_is_too_many(seed: int) -> None:
    wanted = replace(SETTINGS, report_every=ReportEvery(recipients=3))
    got = run(_log(seed), wanted)
    ids = [e["event"]["id"] for e in got.events]
    assert len(set(ids)) == len(ids)
    told: dict[tuple[str, str], list[Event]] = {}
    for event in got.events:
        if "summary" in event["cisco_esa"]:
            key = event["observer"]["name"], event["cisco_esa"]["session"]["id"]
            told.setdefault(key, []).append(event)
    for events in told.values():
        counts = [0]
        for event in events:
            summary = event["cisco_esa"]["summary"]
            count = summary.get("recipients", 0)
            count += summary.get("delivered", 0) + summary.get("bounced", 0)
            last = counts[-1]
            if event["event"]["action"] == PROGRESS:
                assert count >= last + 3
                counts.append(count)
            else:
                # What came since the last report was not enough for one.
                assert last <= count < last + 3
                counts = [0]


@pytest.mark.parametrize("name", FAULTS)
def test_reports_are_those_of_the_slow_joiner(name: str) -> None:
    every = ReportEvery(recipients=2, seconds=600)
    pipeline = made(replace(SETTINGS, reference=REFERENCE, report_every=every))
    joiner = Joiner(REFERENCE, *every)
    given_lines = list(traffic(2, 1_500, FAULTS[name]))
    for line in given_lines:
        joiner.feed(line)
    pipeline.feed(given_lines)
    pipeline.drain()
    joiner.finish()
    found = ended(pipeline)
    found.assert_accounted()
    told = [of_event(event) for event in reports(found.events)]
    assert told == joiner.reports
    assert len(told) > 5

"""One forged or odd stamp moves no other line, live and in archives."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise

import msgpack
import orjson
import pytest

from esa_auth.inputs.letters import LetterReader
from esa_auth.inputs.records import Terms
from esa_auth.pipeline import Pipeline, Settings
from esa_auth.pipeline.replay import Replay
from tests.support.harness import (
    SETTINGS,
    Event,
    Run,
    ended,
    inbound,
    made,
    opened,
    taken,
)

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
# What somebody may want to do with them.
BODIES = (
    inbound(5, "forged"),
    inbound(6, "forged"),
    b"ICID 5 close",
    b"ICID 5 TLS success protocol TLSv1.3 cipher FORGED",
    b"New SMTP ICID 5 interface Data 1 (192.0.2.1) address 203.0.113.66 "
    b"reverse dns host unknown verified no",
    b"SMTP server connection killed, ICID 5",
    b"Version: 1.0 SN: 000000-FORGED",
    b"Time offset from UTC: 50400 seconds",
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


def cuts() -> Iterator[tuple[int, ...]]:
    yield ()
    for at in range(1, len(TRUE) + 1):
        yield (at,)


@pytest.mark.parametrize("settings", [LIVE, ARCHIVE], ids=["live", "archive"])
@pytest.mark.parametrize("head", FORGED)
def test_a_forged_line_changes_no_other(head: bytes, settings: Settings) -> None:
    plain = through(TRUE, settings).events
    assert {e["@timestamp"][:10] for e in plain} == {"2026-03-17"}
    assert all("flags" not in e["cisco_esa"] for e in plain)
    for body in BODIES:
        for at in range(1, len(TRUE)):
            lines = [*TRUE[:at], head + body, *TRUE[at:]]
            found = through(lines, settings)
            assert without_forged(found) == plain
            for event in filter(is_forged, found.events):
                assert "implausible_time" in event["cisco_esa"]["flags"]
                assert "source" not in event
                assert event["cisco_esa"]["session"]["context"] == "missing"


@pytest.mark.parametrize("settings", [LIVE, ARCHIVE], ids=["live", "archive"])
@pytest.mark.parametrize("head", FORGED)
def test_a_forged_line_changes_no_other_over_a_restart(
    head: bytes, settings: Settings
) -> None:
    plain = through(TRUE, settings).events
    for body in BODIES[:2]:
        lines = [*TRUE[:4], head + body, *TRUE[4:]]
        for cut in cuts():
            assert without_forged(through(lines, settings, cut)) == plain


@pytest.mark.parametrize("many", [2, 16, 100])
@pytest.mark.parametrize("head", FORGED)
def test_no_number_of_forged_lines_moves_a_live_appliance(
    head: bytes, many: int
) -> None:
    plain = through(TRUE, LIVE).events
    for at in range(1, len(TRUE)):
        lines = [*TRUE[:at], *[head + inbound(5, "forged")] * many, *TRUE[at:]]
        assert without_forged(through(lines, LIVE)) == plain


@pytest.mark.parametrize("head", FORGED)
def test_forged_lines_before_the_first_true_one_are_no_trouble(head: bytes) -> None:
    plain = through(TRUE, LIVE).events
    found = through([*[head + inbound(9, "forged")] * 20, *TRUE], LIVE)
    assert [e for e in without_forged(found) if e["cisco_esa"]["icid"] != 9] == plain


def test_steps_of_half_a_year_move_no_year() -> None:
    """May and November by turns took the clock a year ahead each time."""
    steps = [f"<22>{m} 10 00:00:00 esa1 mail_logs: Info: " for m in ("May", "Nov")]
    forged = [s.encode() + inbound(5, "forged") for s in steps] * 20
    for settings in (LIVE, ARCHIVE):
        found = through([*TRUE[:3], *forged[: 14 if settings is ARCHIVE else 40]], LIVE)
        assert {e["@timestamp"][:4] for e in found.results} <= {"2025", "2026"}
        found = through([*TRUE[:3], *forged[:14], *TRUE[3:]], settings)
        assert without_forged(found) == through(TRUE, settings).events


# ---- live: the wall clock ----


def live(now: int) -> Pipeline:
    return made(replace(LIVE, reference=now))


@pytest.mark.parametrize("unset", [0, 86_400, 946_684_800])
@pytest.mark.parametrize("restart", [False, True])
def test_an_unset_wall_clock_heals(unset: int, *, restart: bool) -> None:
    pipeline = live(unset)
    pipeline.feed(TRUE[:3])
    (first, *_) = taken(pipeline)
    assert first["cisco_esa"]["flags"] == ["implausible_time"]
    if restart:
        saved = pipeline.snapshot()
        pipeline = live(NOW)
        pipeline.restore(saved)
    pipeline.at(NOW)
    pipeline.feed(TRUE)
    pipeline.drain()
    found = ended(pipeline)
    assert {e["@timestamp"][:4] for e in found.results} == {"2026"}
    assert [e["source"]["ip"] for e in found.results] == [
        CLIENT,
        CLIENT,
        "198.51.100.8",
    ]


def test_while_the_wall_clock_is_unset_the_saved_clock_gives_the_year() -> None:
    before = live(NOW)
    before.feed(TRUE)
    pipeline = live(0)
    pipeline.restore(before.snapshot())
    pipeline.feed(TRUE)
    found = ended(pipeline)
    assert {e["@timestamp"][:4] for e in found.events} == {"2026"}


@pytest.mark.parametrize("days", [200, 300, 364, 700])
def test_a_saved_clock_gives_no_year(days: int) -> None:
    """It was kept over months of silence."""
    before = live(NOW - days * 86_400)
    before.feed([b"<22>2025-01-01T00:00:00Z esa1 mail_logs: Info: " + inbound()])
    pipeline = live(NOW)
    pipeline.restore(before.snapshot())
    pipeline.feed(TRUE)
    pipeline.drain()
    results = [e for e in ended(pipeline).results if e["cisco_esa"]["icid"] != 450]
    assert {e["@timestamp"][:4] for e in results} == {"2026"}
    assert all("flags" not in e["cisco_esa"] for e in results)


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        (b"Mar 17 18:30:05", "2026-03-17"),
        (b"Mar 18 18:00:00", "2026-03-18"),
        (b"Mar 18 19:00:00", "2025-03-18"),
        (b"Mar 19 00:00:00", "2025-03-19"),
        (b"Dec 31 23:59:59", "2025-12-31"),
        (b"Feb 29 12:00:00", "2024-02-29"),
    ],
)
def test_a_stamp_is_of_the_latest_year_not_more_than_a_day_ahead(
    stamp: bytes, at: str
) -> None:
    """Of the first line, too, and of one that is a bit ahead of us."""
    pipeline = live(NOW)
    pipeline.feed([b"<22>" + stamp + b" esa1 mail_logs: Info: " + inbound()])
    (event,) = taken(pipeline)
    assert event["@timestamp"][:10] == at


def test_an_old_file_is_read_live_as_it_is() -> None:
    """Years of it, with a silence of days, and its first lines after each count."""
    lines = []
    for year in (2009, 2012, 2024):
        for day in (1, 4, 9, 28):
            head = f"Wed Jan {day:2d} 11:00:00 {year} Info: ".encode()
            icid = year * 100 + day
            lines += [head + body for body in (*opened(icid), inbound(icid))]
    for settings in (LIVE, ARCHIVE):
        found = through(lines, settings)
        assert len(found.results) == 12
        for event in found.results:
            assert event["cisco_esa"]["session"]["context"] == "complete"
            assert "flags" not in event["cisco_esa"]


def test_a_clock_that_really_was_set_back_is_believed_in_the_end() -> None:
    def line(year: int, n: int) -> bytes:
        return f"Wed Jan  1 11:00:{n:02d} {year} Info: ".encode() + inbound(7)

    for settings in (LIVE, ARCHIVE):
        lines = [line(2020, 0), *(line(2010, n) for n in range(40))]
        found = through(lines, settings)
        assert len(found.results) == 41
        assert "flags" not in found.results[-1]["cisco_esa"]


@pytest.mark.parametrize(
    ("ahead", "flagged"), [(300, False), (301, True), (7200, True)]
)
def test_what_is_ahead_of_the_wall_clock_is_flagged(
    ahead: int, *, flagged: bool
) -> None:
    pipeline = live(NOW - ahead)
    stamp = b"<22>Mar 17 18:30:00 esa1 mail_logs: Info: "
    pipeline.feed([stamp + opened(5)[0], stamp + inbound(5)])
    (event,) = taken(pipeline)
    assert event["cisco_esa"].get("flags", []) == ["future_time"] * flagged
    assert event["source"]["ip"] == CLIENT


# ---- the receiver's own stamp ----


@pytest.mark.parametrize(
    ("received", "stamp", "at"),
    [
        ("2019-01-01T00:00:01Z", b"Dec 31 23:59:59", "2018-12-31"),
        ("2018-12-31T23:59:59Z", b"Jan  1 00:00:01", "2019-01-01"),
        ("2016-03-01T01:00:00.123Z", b"Feb 29 23:00:00", "2016-02-29"),
        # A backlog is old; nothing is received before it was sent.
        ("2018-11-27T12:00:00Z", b"Jan  5 11:00:00", "2018-01-05"),
        ("2018-11-27T12:00:00Z", b"Nov 30 11:00:00", "2017-11-30"),
        # 14 hours east, and nobody said so.
        ("2018-12-31T23:00:00Z", b"Jan  1 13:00:00", "2019-01-01"),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_the_receiver_gives_the_year(
    received: str, stamp: bytes, at: str, *, inside: bool
) -> None:
    line = stamp + b" esa1 mail_logs: Info: " + inbound()
    pipeline = made(ARCHIVE)
    if inside:
        pipeline.feed([received.encode() + b" relay " + line])
    else:
        # Twice: the second head is known.
        other = line.replace(b"450", b"451")
        pipeline.feed_records([(line, None, received), (other, None, received)])
    pipeline.drain()
    for event in ended(pipeline).results:
        assert event["@timestamp"][:10] == at


# ---- archives ----


@pytest.mark.parametrize("days", [2, 30, 300])
def test_a_silence_in_an_archive_costs_nothing(days: int) -> None:
    """Also where sessions are open before it, and three lines are all that follow."""
    settings = replace(ARCHIVE, reference=NOW + 400 * 86_400)
    later = NOW + days * 86_400
    stamp = datetime.fromtimestamp(later, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = f"{stamp} esa1 mail_logs: Info: ".encode()
    after = [head + body for body in (*opened(9), inbound(9, "late"))]
    true = [b"2026-03-17T18:24:00Z" + line[19:] for line in TRUE[:4]]
    found = through([*true, *after], settings)
    (event,) = (e for e in found.results if e["cisco_esa"]["icid"] == 9)
    assert event["cisco_esa"]["session"]["context"] == "complete"
    assert "flags" not in event["cisco_esa"]


# ---- letters, and bounds ----


@pytest.mark.parametrize("head", FORGED)
def test_a_letter_of_a_forged_line_keeps_id_time_and_flag(head: bytes) -> None:
    """The wording is not known at first."""
    lines = [*TRUE[:3], head + inbound(5, "forged"), *TRUE[3:]]
    (event,) = filter(is_forged, through(lines, LIVE).events)
    pipeline = live(NOW)
    unread = head + b"SMTP Auth: (ICID 5) was forged in a new wording"
    pipeline.feed([*TRUE[:3], unread, *TRUE[3:]])
    (letter,) = ended(pipeline).dead
    assert letter["cisco_esa"]["replay"]["implausible"] is True
    # As a later version would read it: the same line, in known words.
    raw = head + inbound(5, "forged")
    letter["cisco_esa"]["original_base64"] = b64encode(raw).decode()
    letter["event"]["hash"] = sha256(raw).hexdigest()
    (read,) = LetterReader(Terms(), "esa").feed(orjson.dumps(letter) + b"\n")
    again = made(replace(SETTINGS, zone="UTC"))
    Replay(again).feed(read)
    (replayed,) = taken(again)
    assert replayed["@timestamp"] == event["@timestamp"]
    assert replayed["event"]["id"] == event["event"]["id"]
    assert "implausible_time" in replayed["cisco_esa"]["flags"]


@pytest.mark.parametrize(
    "stamp",
    [
        b"<22>Dec 31 23:59:60 esa1 mail_logs: Info: ",
        b"Thu Dec 31 23:59:60 2016 Info: ",
        b"<22>2016-12-31T23:59:60Z esa1 mail_logs: Info: ",
    ],
)
def test_a_leap_second_is_the_second_before_it(stamp: bytes) -> None:
    found = through([stamp + inbound()], LIVE)
    (event,) = found.results
    assert event["@timestamp"].endswith("-12-31T23:59:59.000Z")


@pytest.mark.parametrize(
    ("offset", "zone"),
    [(54_000, "+15:00"), (-54_000, "-15:00"), (54_001, "UTC"), (86_400, "UTC")],
)
def test_an_offset_of_more_than_fifteen_hours_is_not_believed(
    offset: int, zone: str
) -> None:
    head = b"Tue Mar 17 18:00:00 2026 Info: "
    said = b"Time offset from UTC: %d seconds" % offset
    found = through([head + said, head + inbound()], ARCHIVE)
    (event,) = found.results
    assert event["event"]["timezone"] == zone


# ---- a backlog, read live ----


def backlog(days: float) -> list[bytes]:
    lines = []
    for n in range(40):
        at = datetime.fromtimestamp(NOW - days * 86_400 + n, UTC)
        head = at.strftime("%b %e %H:%M:%S esa1 mail_logs: Info: ").encode()
        bodies = (
            *opened(100 + n),
            inbound(100 + n, f"u{n}"),
            b"ICID %d close" % (100 + n),
        )
        lines += [head + body for body in bodies]
    return lines


def of_the_backlog(found: Run) -> list[Event]:
    return [e for e in found.events if e["cisco_esa"]["icid"] >= 100]


@pytest.mark.parametrize("days", [1.1, 3, 90])
@pytest.mark.parametrize("many", [1, 5, 40])
@pytest.mark.parametrize("ahead", [0, 60, 86_000, 2 * 86_400])
def test_a_line_of_now_moves_no_line_of_a_backlog(
    ahead: int, many: int, days: float
) -> None:
    """Forged, or of the appliance itself on another way."""
    plain = through(backlog(days), LIVE).events
    at = datetime.fromtimestamp(NOW - ahead, UTC)
    head = at.strftime("%Y-%m-%dT%H:%M:%SZ esa1 mail_logs: Info: ").encode()
    lines = backlog(days)
    lines[100:100] = [head + inbound(9, "forged")] * many
    for cut in ((), (100,), (101,), (99 + many, 100 + many, 101 + many)):
        assert of_the_backlog(through(lines, LIVE, cut)) == plain


def test_a_backlog_may_be_mixed_with_what_comes_now() -> None:
    plain = through(backlog(3), LIVE).events
    lines = []
    for number, line in enumerate(backlog(3)):
        lines.append(line)
        if number >= 80:
            lines.append(bsd(number, inbound(9, "now")))
    assert of_the_backlog(through(lines, LIVE)) == plain


@pytest.mark.parametrize("days", [0, 3, 150])
def test_an_unset_wall_clock_and_a_forged_line(days: int) -> None:
    """A saved clock of some days ago gives the year, and nobody else does."""
    before = live(NOW - days * 86_400)
    before.feed(backlog(days))
    for at in range(len(TRUE) + 1):
        pipeline = live(0)
        pipeline.restore(before.snapshot())
        forged = b"2099-01-01T00:00:00Z esa1 mail_logs: Info: " + inbound(9, "forged")
        pipeline.feed([*TRUE[:at], forged, *TRUE[at:]])
        true = [e for e in taken(pipeline) if e["cisco_esa"]["icid"] in (5, 6)]
        assert {e["@timestamp"][:10] for e in true} == {"2026-03-17"}
        if not days:
            assert true == through(TRUE, LIVE).events

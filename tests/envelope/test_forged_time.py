"""One forged or odd stamp moves no other line, live and in archives."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

import orjson
import pytest

from esa_auth.inputs.letters import LetterReader
from esa_auth.inputs.records import Terms
from esa_auth.pipeline import Settings
from esa_auth.pipeline.replay import Replay
from tests.envelope.forged_lines import (
    ARCHIVE,
    FORGED,
    LIVE,
    NOW,
    TRUE,
    is_forged,
    live,
    through,
    without_forged,
)
from tests.support.harness import SETTINGS, ended, inbound, made, taken

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

"""Lines whose time is implausible are read whole and in their order, if late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from esa_auth.pipeline import Settings
from tests.envelope.forged_lines import ARCHIVE, FORGED, LIVE, NOW, TRUE, through
from tests.support.harness import Event, Run, ended, inbound, made, opened

DAY = 86_400


def native(epoch: int, body: bytes) -> bytes:
    stamp = datetime.fromtimestamp(epoch, UTC).strftime("%a %b %e %H:%M:%S %Y")
    return f"{stamp} Info: ".encode() + body


def syslog(epoch: int, body: bytes) -> bytes:
    stamp = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"<22>{stamp} esa1 mail_logs: Info: ".encode() + body


# A session with a message for two, in and out.
SESSION = [
    *opened(9),
    inbound(9, "late", "succeeded"),
    b"Start MID 77 ICID 9",
    b"MID 77 ICID 9 From: <a@example.com>",
    b"MID 77 ICID 9 RID 0 To: <b@example.com>",
    b"MID 77 ICID 9 RID 1 To: <c@example.com>",
    b"MID 77 ready 1234 bytes from <a@example.com>",
    b"ICID 9 close",
    b"New SMTP DCID 7 interface 192.0.2.1 address 203.0.113.9 port 25",
    b"DCID: 7 IP: 203.0.113.9 SMTP authentication using the profile p succeeded.",
    b"Delivery start DCID 7 MID 77 to RID [0, 1]",
    b"Message done DCID 7 MID 77 to RID [0, 1]",
    b"DCID 7 close",
]


def summaries(found: Run) -> list[Event]:
    ends = [e for e in found.events if e["event"]["action"] == "smtp-session-end"]
    return [end["cisco_esa"]["summary"] for end in ends]


@pytest.mark.parametrize("head", [native, syslog])
@pytest.mark.parametrize("stop", [None, *range(1, len(SESSION))])
def test_messages_behind_a_silence_are_counted(
    head: Callable[[int, bytes], bytes], stop: int | None
) -> None:
    """Nothing is known yet of the session that they are of: its lines are put off."""
    at = NOW - 10 * DAY
    before = [head(at, opened(1)[0]), head(at, b"ICID 1 close")]
    after = [head(at + 3 * DAY + n, body) for n, body in enumerate(SESSION)]
    found = through([*before, *after], ARCHIVE, () if stop is None else (2 + stop,))
    inside, outside = summaries(found)
    assert (inside["messages"], inside["recipients"]) == (1, 2)
    assert outside["delivered"] == 2


def repeated(head: bytes, times: int, body: bytes) -> bytes:
    return head + b"message repeated %d times: [ %b]" % (times, body)


@pytest.mark.parametrize("settings", [LIVE, ARCHIVE], ids=["live", "archive"])
@pytest.mark.parametrize("wait", [0, 30])
@pytest.mark.parametrize("head", [h for h in FORGED if b"mail_logs: Fri" not in h])
def test_each_time_of_an_implausible_line_is_an_attempt(
    head: bytes, wait: int, settings: Settings
) -> None:
    settings = replace(settings, wait=wait)
    for times in (1, 3, 40):
        line = repeated(head, times, inbound(5, "forged"))
        found = through([*TRUE[:3], line, *TRUE[3:]], settings)
        forged = [e for e in found.results if e.get("user", {})["name"] == "forged"]
        assert len(forged) == times
        assert len({e["event"]["id"] for e in forged}) == times
        assert found.counters.lines == len(TRUE) + times
        # What opens a session does so once.
        line = repeated(head, times, opened(5)[0])
        found = through([*TRUE[:3], line, *TRUE[3:]], settings)
        assert found.counters.lines == len(TRUE) + 1


def test_a_repeated_line_behind_what_was_put_off_is_so_many_attempts() -> None:
    head = b"<22>Mar 17 18:24:02 esa1 mail_logs: Info: "
    forged = FORGED[0] + inbound(5, "forged")
    line = repeated(head, 3, inbound(5, "again"))
    found = through([*TRUE[:3], forged, line, *TRUE[3:]], ARCHIVE)
    names = [e["user"]["name"] for e in found.results]
    assert names == ["ann", "forged", *["again"] * 3, "ann", "bob"]


@pytest.mark.parametrize("settings", [LIVE, ARCHIVE], ids=["live", "archive"])
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"New York gw: %b", "unknown_head"),
        (b"Message gateway %b", "unknown_head"),
        (b"Connected host %b", "unknown_head"),
        (b"MID-range box %b", "unknown_head"),
        (b"gateway %b", "unknown_head"),
        (b"message repeated 5000 times: [ %b]", "unread"),
        (b"message repeated 5 times: [ gateway %b]", "unknown_head"),
    ],
)
def test_auth_behind_an_unknown_head_is_kept_whatever_its_time(
    body: bytes, why: str, settings: Settings
) -> None:
    for stamp in (b"2001-06-15T00:00:00Z", b"2026-03-17T18:24:01Z"):
        line = stamp + b" esa1 " + body % inbound(5, "forged")
        found = through([*TRUE[:3], line, *TRUE[3:]], settings)
        assert [letter["error"]["type"] for letter in found.dead] == [why]
        assert found.counters.rejected == 1
        assert found.counters.ignored == 0


def test_a_flood_of_names_loses_nothing_that_was_put_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("esa_auth.pipeline.registry.MOST_APPLIANCES", 16)
    head = b"2026-03-17T18:24:01Z host%d mail_logs: Info: "
    late = b"2026-03-27T18:24:01Z host%d mail_logs: Info: "
    lines = [h % n + inbound(n) for n in range(1, 41) for h in (head, late)]
    pipeline = made(ARCHIVE)
    pipeline.feed(lines)
    pipeline.drain()
    found = ended(pipeline)
    found.assert_accounted()
    assert len(found.results) == 80


@pytest.mark.parametrize("head", FORGED)
@pytest.mark.parametrize("many", [1, 3])
def test_a_short_archive_that_begins_with_a_forged_line(head: bytes, many: int) -> None:
    """Fewer lines follow than would settle it."""
    plain = through(TRUE, ARCHIVE).events
    found = through([*[head + inbound(9, "forged")] * many, *TRUE], ARCHIVE)
    assert [e for e in found.events if e["cisco_esa"]["icid"] != 9] == plain


@pytest.mark.parametrize("head", FORGED[:6])
@pytest.mark.parametrize("many", [1, 3, 15])
def test_a_short_archive_that_ends_with_forged_lines(head: bytes, many: int) -> None:
    plain = through(TRUE[:3], ARCHIVE).events
    found = through([*TRUE[:3], *[head + inbound(5, "forged")] * many], ARCHIVE)
    forged = [e for e in found.results if e["user"]["name"] == "forged"]
    assert [e for e in found.events if e not in forged] == plain
    assert len(forged) == many
    assert all("implausible_time" in e["cisco_esa"]["flags"] for e in forged)


@pytest.mark.parametrize("cut", range(1, 20))
@pytest.mark.parametrize("settings", [LIVE, ARCHIVE], ids=["live", "archive"])
def test_a_stop_changes_nothing_of_a_clock_that_was_set_back(
    settings: Settings, cut: int
) -> None:
    lines = [native(NOW - 900 * DAY, inbound(7))]
    lines += [native(NOW - 2000 * DAY + n, inbound(7)) for n in range(20)]
    plain, stopped = (through(lines, settings, at) for at in ((), (cut,)))
    assert stopped.events == plain.events
    assert stopped.counters.ignored == 0


@pytest.mark.parametrize("head", FORGED[:6])
def test_lines_of_one_second_alone_do_not_say_what_time_it_is(
    head: bytes,
) -> None:
    """Two archives of one second each: the one that came first is believed."""
    true, forged = [TRUE[0], TRUE[1]], [head + inbound(5, "forged")] * 3
    found = through([*true, *forged], ARCHIVE)
    assert len(found.results) == 3
    assert all("implausible_time" in e["cisco_esa"]["flags"] for e in found.results)

"""Time as the real commands see it: forged lines, restarts, zones, notices."""

import gzip
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from tests.support.harness import inbound, opened
from tests.support.process import Ended, esa_auth

ASSUMED = "stamps without a zone are taken for UTC"


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def bsd(when: datetime, body: bytes, host: str = "esa1") -> bytes:
    return f"<22>{when:%b %e %H:%M:%S} {host} mail_logs: Info: ".encode() + body


def session(when: datetime, icid: int, user: str = "ann") -> list[bytes]:
    bodies = [*opened(icid), inbound(icid, user), f"ICID {icid} close".encode()]
    return [bsd(when + timedelta(seconds=n), body) for n, body in enumerate(bodies)]


FORGED = [
    b"<22>2001-06-15T00:00:00Z esa1 mail_logs: Info: ICID 5 close",
    b"<22>Jun 15 00:00:00 2001 esa1 mail_logs: Info: ICID 5 close",
    b"<22>2001-06-15T00:00:00Z esa1 mail_logs: Info: " + inbound(5, "forged"),
    b"<22>2099-06-15T00:00:00Z esa1 mail_logs: Info: " + inbound(5, "forged"),
]


def text(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def results(ended: Ended) -> dict[str, list[str]]:
    """Return the times of the attempts by user."""
    found: dict[str, list[str]] = {}
    for event in ended.events:
        if "outcome" in event["event"]:
            found.setdefault(event["user"]["name"], []).append(event["@timestamp"])
    return found


def test_forged_lines_change_no_true_one_over_restarts(tmp_path: Path) -> None:
    """Two starts of the service, forged lines before, inside and after."""
    begin = now() - timedelta(seconds=60)
    state = ("--state-dir", str(tmp_path / "state"), "--timezone", "UTC")
    lines = session(begin, 5)
    first = esa_auth("filter", *state, stdin=text([*FORGED, *lines[:2], *FORGED]))
    first.assert_complete()
    second = esa_auth("filter", *state, stdin=text([*FORGED, *lines[2:], *FORGED]))
    second.assert_complete()
    at = f"{begin + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S.000Z}"
    assert results(second)["ann"] == [at]
    (event,) = (e for e in second.events if e["event"]["action"] == "smtp-session-end")
    assert event["source"]["ip"] == "198.51.100.7"
    assert "flags" not in event["cisco_esa"]
    forged = [e for e in second.events if e.get("user", {}).get("name") == "forged"]
    assert len(forged) == 4
    assert all("implausible_time" in e["cisco_esa"]["flags"] for e in forged)
    assert "esa1: lines more than a day away" in second.stderr


@pytest.mark.parametrize("months", [7, 10])
def test_a_state_of_months_ago_gives_no_year(tmp_path: Path, months: int) -> None:
    state = ("--state-dir", str(tmp_path / "state"), "--timezone", "UTC")
    old = now() - timedelta(days=30 * months)
    esa_auth("filter", *state, stdin=text(session(old, 5))).assert_complete()
    begin = now() - timedelta(seconds=9)
    ended = esa_auth("filter", *state, stdin=text(session(begin, 6)))
    ended.assert_complete()
    (at,) = results(ended)["ann"]
    assert at[:19] == f"{begin + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}"


def test_a_first_start_with_an_unset_clock_heals_at_the_next(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time\ntime.time = lambda: 9.0\n")
    state = ("--state-dir", str(tmp_path / "state"), "--timezone", "UTC")
    begin = now() - timedelta(seconds=9)
    lines = text(session(begin, 5))
    unset = esa_auth("filter", *state, stdin=lines, PYTHONPATH=str(tmp_path))
    (at,) = results(unset)["ann"]
    assert at[:4] in ("1969", "1970")
    assert all("implausible_time" in e["cisco_esa"]["flags"] for e in unset.events)
    (at,) = results(esa_auth("filter", *state, stdin=lines))["ann"]
    assert at[:4] == f"{begin:%Y}"


def test_forged_lines_in_an_archive_change_no_true_one(tmp_path: Path) -> None:
    begin = datetime(2021, 3, 17, 18, 24, tzinfo=UTC)
    lines = session(begin, 5)
    archive = tmp_path / "mail.log.gz"
    archive.write_bytes(gzip.compress(text([*lines[:2], *FORGED, *lines[2:]])))
    written = (begin + timedelta(hours=3)).timestamp()
    os.utime(archive, (written, written))
    ended = esa_auth("convert", "--quiet", "--timezone", "UTC", str(archive))
    events = [orjson.loads(line) for line in ended.stdout.splitlines()]
    true = [e for e in events if e.get("user", {}).get("name") != "forged"]
    assert {e["@timestamp"][:10] for e in true} == {"2021-03-17"}
    assert {e["source"]["ip"] for e in true} == {"198.51.100.7"}
    assert len(true) == 2
    assert len(events) == 4


def test_an_assumed_zone_is_said_once_and_flagged() -> None:
    begin = now() - timedelta(seconds=60)
    lines = [*session(begin, 5), *session(begin + timedelta(seconds=9), 6)]
    ended = esa_auth("filter", stdin=text(lines * 3))
    ended.assert_complete()
    assert len(re.findall(ASSUMED, ended.stderr)) == 1
    assert "esa1: " + ASSUMED in ended.stderr
    assert all("assumed_utc" in e["cisco_esa"]["flags"] for e in ended.events)
    told = esa_auth("filter", "--timezone", "Europe/Berlin", stdin=text(lines))
    assert ASSUMED not in told.stderr
    assert not any(
        "assumed_utc" in e["cisco_esa"].get("flags", []) for e in told.events
    )


def test_a_wrong_zone_is_seen_by_its_future() -> None:
    """An appliance in Berlin, read as UTC."""
    lines = session(now() + timedelta(hours=1), 5)
    ended = esa_auth("filter", "--timezone", "UTC", stdin=text(lines))
    ended.assert_complete()
    assert ended.events
    assert all("future_time" in e["cisco_esa"]["flags"] for e in ended.events)
    assert all(e["source"]["ip"] == "198.51.100.7" for e in ended.events)
    assert "lines more than 5 minutes ahead of our clock" in ended.stderr


def test_two_appliances_under_one_name_are_said() -> None:
    begin = now() - timedelta(seconds=60)
    one = opened(5)[0]
    other = one.replace(b"192.0.2.1)", b"192.0.2.129)").replace(b".7 ", b".8 ")
    bodies = [one, other, inbound(5), b"ICID 5 close"]
    ended = esa_auth("filter", stdin=text([bsd(begin, body) for body in bodies]))
    ended.assert_complete()
    assert len(ended.events) == 2
    for event in ended.events:
        assert "appliance_conflict" in event["cisco_esa"]["flags"]
        assert "source" not in event
    assert "esa1: two appliances under one name" in ended.stderr


def test_the_name_in_a_notice_obeys_nobody() -> None:
    line = bsd(now(), inbound(5), host="esa1").replace(b" esa1 ", b" ").decode()
    record = json.dumps({"message": line, "host": "e\x1b[31m"}).encode()
    ended = esa_auth("filter", stdin=text([record]))
    ended.assert_complete()
    assert "e\\x1b[31m: " + ASSUMED in ended.stderr


def test_lines_of_different_years_are_each_explained() -> None:
    """In either order: none waits for the next one."""
    lines = [
        f"Wed Apr 22 11:00:00 {year} Info: ".encode() for year in (2009, 2020, 2012)
    ]
    ended = esa_auth("explain", stdin=text([line + inbound() for line in lines]))
    assert ended.stdout.count(b'"action": "smtp-auth",') == 3

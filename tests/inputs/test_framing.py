"""Prefixes that were read wrongly once, and lines without any."""

import pytest

from tests.support.harness import Event, Run, inbound, native, opened, run


def source_ip(found: Run) -> str | None:
    (result,) = found.results
    ip: str | None = result.get("source", {}).get("ip")
    return ip


@pytest.mark.parametrize(
    "header",
    [
        b"Apr 22 11:00:00 maillog: Info: ",
        b"Apr 22 11:00:00 esa log: Info: ",
        b"<22>Apr 22 11:00:00 a b: Info: ",
        b"<22>Apr 22 11:00:00 esa: Info: ",
    ],
)
def test_a_syslog_header_as_long_as_a_native_stamp(header: bytes) -> None:
    """All of a session is read, and by the header's own time and host."""
    assert len(header) == 31
    bodies = [
        *opened(),
        inbound(outcome="succeeded"),
        b"Start MID 6 ICID 450",
        b"MID 6 ICID 450 From: <ann@example.com>",
        b"MID 6 ICID 450 RID 0 To: <bob@example.com>",
        b"MID 6 ready 100 bytes from <ann@example.com>",
        b"ICID 450 close",
    ]
    found = run([header + body for body in bodies])

    assert not found.dead
    assert source_ip(found) == "198.51.100.7"
    assert [e["@timestamp"] for e in found.events] == ["2026-04-22T11:00:00.000Z"] * 2
    assert found.events[1]["cisco_esa"]["summary"]["recipients"] == 1
    assert found.counters.context == len(bodies) - 1


@pytest.mark.parametrize(
    "forged",
    [
        b"ICID 450 close",
        b"ICID 450 REJECT SG BLACKLIST match ALL SBRS -9.9",
        b"ICID 450 Delayed HAT REJECT continuing session for recipient logging "
        b"(203.0.113.66)",
        b"New SMTP ICID 450 interface x (203.0.113.1) address 203.0.113.66 "
        b"reverse dns host evil.example verified yes",
        b"SMTP server connection killed ICID: 450",
        b"MID 6 ready 100 bytes from <x>",
        b"Message aborted MID 6 x",
        b"Info: ICID 450 close",
        b"Begin Logfile",
        b"Version: 1 SN: 2",
        b"Time offset from UTC: 3600 seconds",
    ],
)
def test_a_line_without_a_stamp_bends_no_session(forged: bytes) -> None:
    """Text behind a raw line feed in somebody's header is no line of the appliance."""
    before = [native(b) for b in opened()]
    after = [
        inbound(outcome="succeeded"),
        b"Start MID 6 ICID 450",
        b"MID 6 ICID 450 RID 0 To: <bob@example.com>",
    ]
    rest = [b"MID 6 ready 100 bytes from <ann@example.com>", b"ICID 450 close"]
    lines = [native(b) for b in after], [native(b) for b in rest]
    plain = run([*before, *lines[0], *lines[1]])
    found = run([*before, forged, *lines[0], forged, *lines[1]])

    assert found.events == plain.events
    assert found.counters.ignored == plain.counters.ignored + 2
    assert not found.dead


@pytest.mark.parametrize(
    "forged",
    [
        inbound(outcome="succeeded"),
        b"Info: " + inbound(outcome="succeeded"),
        b"DCID: 5 IP: 192.0.2.7 SMTP authentication using the profile x succeeded.",
        b"SMTP Auth (ICID 9) was required but remote host did not initiate it",
    ],
)
def test_an_auth_line_without_a_stamp_is_refused_and_kept(forged: bytes) -> None:
    found = run([forged])
    assert not found.events
    assert [letter["error"]["type"] for letter in found.dead] == ["no_time"]


def test_a_stamp_inside_a_header_is_read_in_every_line() -> None:
    """A collector's stamp is at first the same as the appliance's own, then not."""

    def relayed(outer: int, inner: int) -> bytes:
        times = f"Apr 22 11:00:{outer:02d}", f"Apr 22 11:00:{inner:02d}"
        header = f"{times[0]} relay x: {times[1]} esa01 mail_logs: Info: "
        return header.encode() + inbound()

    def times(events: list[Event]) -> list[str]:
        return [e["@timestamp"] for e in events]

    lines = [relayed(10, 10), relayed(11, 10)]
    alone = [*run(lines[:1]).results, *run(lines[1:]).results]
    assert (
        times(run(lines).results) == times(alone) == (["2026-04-22T11:00:10.000Z"] * 2)
    )


def test_a_refused_line_is_of_the_appliance_that_its_header_names() -> None:
    """And no other line has a say in a year: the file was written in July 2026."""
    unknown = b"2015-01-02T11:00:00Z other log: Wed Info: " + inbound()
    last = b"Dec 30 11:00:00 mail_logs: Info: " + inbound()
    found = run([native(inbound()), unknown, last])
    assert [letter["observer"]["name"] for letter in found.dead] == ["other"]
    assert [e["@timestamp"][:4] for e in found.results] == ["2009", "2025"]

"""What the end of a session and the end of an administrator's login say in numbers."""

from tests.support.harness import inbound, native, opened, run, syslog

RFC3339 = b"<22>2026-03-17T18:24:%b+00:00 esa01 mail_logs: Info: %b"


def test_a_session_lasted_to_the_millisecond() -> None:
    bodies: list[str | bytes] = [*opened(450), inbound(450), "ICID 450 close"]
    stamps = [b"01.250", b"01.250", b"02.000", b"04.125"]
    lines = [
        RFC3339 % (stamp, body if isinstance(body, bytes) else body.encode())
        for stamp, body in zip(stamps, bodies, strict=True)
    ]
    end = run(lines).events[-1]
    assert end["event"]["action"] == "smtp-session-end"
    # It began with a kept line, of whose time the second is kept.
    assert end["event"]["start"] == "2026-03-17T18:24:01.000Z"
    assert end["event"]["duration"] == 3_125_000_000


def test_a_number_that_two_appliances_have_tells_of_no_user() -> None:
    """The one that ended may be the other."""
    other = (
        "New SMTP ICID 450 interface Data 2 (192.0.2.99) address 198.51.100.8"
        " reverse dns host unknown verified no"
    )
    close: list[str | bytes] = [inbound(450, "ann", "succeeded"), "ICID 450 close"]
    once: list[str | bytes] = [*opened(450), *close]
    twice: list[str | bytes] = [*opened(450), other, *close]
    ends = [run([native(line) for line in lines]).events[-1] for lines in (twice, once)]
    assert [end["event"]["action"] for end in ends] == ["smtp-session-end"] * 2
    assert ["user" in end for end in ends] == [False, True]
    assert "appliance_conflict" in ends[0]["cisco_esa"]["flags"]


def test_the_address_of_an_administrator_is_of_its_family() -> None:
    said = "User joe from %s failed authentication."
    for address, family in (("192.0.2.9", "ipv4"), ("2001:db8::9", "ipv6")):
        (event,) = run([syslog(said % address)]).results
        assert event["source"]["ip"] == address
        assert event["network"]["type"] == family

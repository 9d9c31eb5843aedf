"""Which end of a connection is the source, and what both ends are called."""

import pytest

from tests.support.harness import inbound, native, opened, run

OUTBOUND = [
    "New SMTP DCID 5640 interface 192.0.2.1 address 198.51.100.9 port 587",
    "DCID: 5640 IP: 198.51.100.9 SMTP authentication using the profile relay "
    "succeeded.",
]


def test_a_client_is_the_source_and_comes_in() -> None:
    (event,) = run(map(native, [*opened(450), inbound(450)])).results
    assert event["network"]["direction"] == "ingress"
    assert event["source"]["ip"] == event["client"]["ip"]
    assert event["destination"]["ip"] == event["server"]["ip"]
    assert "interface" in event["observer"]["ingress"]


def test_the_appliance_is_the_source_of_what_goes_out() -> None:
    (event,) = run(map(native, OUTBOUND)).results
    assert event["network"]["direction"] == "egress"
    assert event["source"]["ip"] == "192.0.2.1"
    assert event["destination"]["ip"] == event["server"]["ip"] == "198.51.100.9"


@pytest.mark.parametrize(
    ("written", "ip", "kind"),
    [
        ("198.51.100.7", "198.51.100.7", "ipv4"),
        ("2001:db8::7", "2001:db8::7", "ipv6"),
        ("::ffff:198.51.100.7", "198.51.100.7", "ipv4"),
    ],
)
def test_an_address_of_ipv4_is_one_in_any_form(
    written: str, ip: str, kind: str
) -> None:
    line = (
        f"New SMTP ICID 450 interface Data 1 (192.0.2.1) address {written} "
        "reverse dns host unknown verified no"
    )
    (event,) = run([native(line), native(inbound(450))]).results
    assert event["source"]["ip"] == event["client"]["ip"] == ip
    assert event["source"]["address"] == written
    assert event["network"]["type"] == kind

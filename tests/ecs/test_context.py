"""What the lines before AUTH give to the events of a connection, form by form."""

from typing import Any

import pytest

from esa_auth.ecs.context import endpoint, inbound_context, ip_of, outbound_context
from esa_auth.model.facts import HatDecision, InboundOpened, OutboundOpened, Tls
from esa_auth.model.session import Observer

ESA = Observer("esa01")
OPENED = InboundOpened("450", "Data 1", "192.0.2.1", "198.51.100.7")


@pytest.mark.parametrize(
    ("written", "ip"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("192.0.0.0", "192.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
        ("198.51.100.256", None),
        ("198.51.100", None),
        ("198.51.100.7.", None),
        ("198.51.100.07", None),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("fe80::7%em1", "fe80::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("mail.example.com", None),
        ("", None),
        (None, None),
    ],
)
def test_the_address_of_an_end(written: str | None, ip: str | None) -> None:
    assert ip_of(written) == ip
    told = endpoint(written, 25)
    if not written:
        assert told is None
    else:
        assert told == {"address": written, "port": 25} | ({"ip": ip} if ip else {})


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        ("TLSv1.3", {"version_protocol": "tls", "version": "1.3"}),
        ("TLSv1", {"version_protocol": "tls", "version": "1.0"}),
        ("SSLv3", {"version_protocol": "ssl", "version": "3.0"}),
        ("TLSv1/SSLv3", {}),
        ("TLSv1.23", {}),
        (None, {}),
    ],
)
def test_the_version_of_tls(protocol: str | None, told: dict[str, str]) -> None:
    seen = Tls("icid", "450", True, protocol)
    found = inbound_context(ESA, OPENED, tls=seen).parts["tls"]
    assert found == {"established": True} | told


@pytest.mark.parametrize(
    ("established", "opened", "told"),
    [
        (True, True, {"established": True, "cipher": "x"}),
        (True, False, {"established": True, "cipher": "x"}),
        (False, True, {"established": False, "cipher": "x"}),
        # What began before may have been encrypted.
        (False, False, None),
        (None, True, None),
        (None, False, None),
    ],
)
def test_tls_is_denied_only_where_all_was_seen(
    established: bool | None, opened: bool, told: dict[str, Any] | None
) -> None:
    client, server = OPENED, OutboundOpened("5640", "Data 1", "192.0.2.25")
    contexts = (
        inbound_context(
            ESA,
            client if opened else None,
            tls=Tls("icid", "1", established, None, "x"),
        ),
        outbound_context(
            ESA,
            server if opened else None,
            tls=Tls("dcid", "1", established, None, "x"),
        ),
    )
    for context in contexts:
        assert context.parts.get("tls") == told


def test_no_line_on_tls_is_cleartext_only_of_what_was_seen_whole() -> None:
    server = OutboundOpened("5640", "Data 1", "192.0.2.25")
    for seen in (inbound_context(ESA, OPENED), outbound_context(ESA, server)):
        assert seen.parts["tls"] == {"established": False}
    for unseen in (inbound_context(ESA), outbound_context(ESA)):
        assert "tls" not in unseen.parts


@pytest.mark.parametrize(
    ("score", "told"),
    [
        ("1.5", {"sbrs": 1.5}),
        ("-10.0", {"sbrs": -10.0}),
        ("10", {"sbrs": 10.0}),
        ("10.1", {"sbrs_text": "10.1"}),
        ("-11", {"sbrs_text": "-11"}),
        ("None", {"sbrs": None}),
        ("rfc1918", {"sbrs_text": "rfc1918"}),
        ("", {}),
        (None, {}),
    ],
)
def test_a_reputation_score(score: str | None, told: dict[str, Any]) -> None:
    context = inbound_context(ESA, hat=HatDecision("450", sbrs=score))
    assert context.own["policy"] == told
    assert "rule" not in context.parts


def test_a_decision_of_the_hat() -> None:
    hat = HatDecision("450", "ACCEPT", "UNKNOWNLIST", "all", None, "Norway")
    context = inbound_context(ESA, OPENED, hat=hat)
    assert context.parts["rule"] == {"name": "UNKNOWNLIST", "ruleset": "HAT"}
    assert context.own["policy"] == {
        "action": "ACCEPT",
        "sender_group": "UNKNOWNLIST",
        "match": "all",
        "country": "Norway",
    }


@pytest.mark.parametrize(
    ("name", "verified", "own", "domain"),
    [
        ("c.example", True, {"verified": True, "name": "c.example"}, "c.example"),
        # Whoever connects may write what he likes into his own reverse DNS.
        ("c.example", False, {"verified": False, "name": "c.example"}, None),
        (None, False, {"verified": False}, None),
        ("c.example", None, None, None),
    ],
)
def test_only_a_verified_name_is_a_domain(
    name: str | None,
    verified: bool | None,
    own: dict[str, Any] | None,
    domain: str | None,
) -> None:
    opening = OPENED._replace(reverse_dns=name, verified=verified)
    context = inbound_context(ESA, opening)
    assert context.own.get("reverse_dns") == own
    assert context.parts["source"].get("domain") == domain
    assert context.related["hosts"] == ["esa01", *([domain] if domain else [])]


def test_a_client_that_is_called_as_the_appliance_is_told_once() -> None:
    opening = OPENED._replace(reverse_dns="esa01", verified=True, address="192.0.2.1")
    related = inbound_context(ESA, opening).related
    assert related == {"hosts": ["esa01"], "ip": ["192.0.2.1"]}


@pytest.mark.parametrize("interface", ["Data 1", "192.0.2.1"])
def test_what_goes_out_by_a_name_or_an_address(interface: str) -> None:
    opening = OutboundOpened("5640", interface, "192.0.2.25", 25)
    parts = outbound_context(ESA, opening).parts
    if interface == "Data 1":
        assert parts["observer"]["egress"] == {"interface": {"alias": "Data 1"}}
        assert "source" not in parts
    else:
        assert parts["observer"]["ip"] == ["192.0.2.1"]
        assert "egress" not in parts["observer"]
        assert parts["source"] == {"address": "192.0.2.1", "ip": "192.0.2.1"}

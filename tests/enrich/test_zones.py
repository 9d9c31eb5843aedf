"""The list of networks: longest prefix wins, and what is no list is refused."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.enrich import TableError, zones
from esa_auth.enrich.zones import MOST_NETWORKS, Zones, parse

Network = IPv4Network | IPv6Network

# Few bits differ, so that networks lie in each other and addresses in networks.
BASE4, BASE6 = int(ip_address("198.51.100.0")), int(ip_address("2001:db8::"))
networks4 = st.builds(
    lambda low, bits: ip_network((BASE4 | low, bits), strict=False),
    st.integers(0, 255),
    st.integers(0, 32),
)
networks6 = st.builds(
    lambda low, bits: ip_network((BASE6 | low, bits), strict=False),
    st.integers(0, 255),
    st.integers(0, 128),
)
lists = st.lists(st.one_of(networks4, networks6), min_size=1, max_size=12, unique=True)
addresses = st.one_of(
    st.integers(0, 255).map(lambda low: ip_address(BASE4 | low)),
    st.integers(0, 255).map(lambda low: ip_address(BASE6 | low)),
)


def written(networks: list[Network]) -> bytes:
    return "".join(f"{n} internal net {n}\n" for n in networks).encode()


@settings(max_examples=300, deadline=None)
@given(lists, st.lists(addresses, min_size=1, max_size=8))
def test_the_longest_prefix_wins(
    networks: list[Network], asked: list[IPv4Address]
) -> None:
    table = parse(written(networks))
    for address in asked:
        around = [n for n in networks if address in n]
        found = table.find(str(address))
        if not around:
            assert found is None
            continue
        best = max(around, key=lambda network: network.prefixlen)
        assert found is not None
        assert found["network"] == {"name": f"net {best}"}


@settings(max_examples=100, deadline=None)
@given(lists, st.integers(0, 255))
def test_an_address_mapped_into_ipv6_is_the_ipv4_one(
    networks: list[Network], low: int
) -> None:
    table = parse(written(networks))
    plain = IPv4Address(BASE4 | low)
    mapped = str(ip_address(f"::ffff:{plain}"))
    assert table.find(mapped) == table.find(str(plain))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    try:
        table = parse(data)
    except TableError:
        return
    table.find("198.51.100.7")


def test_a_list_may_have_comments_and_blanks() -> None:
    table = parse(b"\xef\xbb\xbf# ours\r\n\r\n  192.0.2.0/24\tinternal \t DMZ # 1 \r\n")
    found = table.find("192.0.2.1")
    assert found == {"cisco_esa": {"zone": "internal"}, "network": {"name": "DMZ # 1"}}
    assert table.find("198.51.100.7") is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("198.51.100.7/24 internal", "line 2: 198.51.100.7/24 has host bits set"),
        ("198.51.100.0/33 internal", "line 2: "),
        ("example.com internal", "line 2: 'example.com' does not appear"),
        ("198.51.100.0/24", "line 2: '' is neither internal nor external"),
        ("198.51.100.0/24 Internal", "line 2: 'Internal' is neither"),
        ("192.0.2.0/24 external", "line 2: 192.0.2.0/24 stands there twice"),
        ("::ffff:198.51.100.0/120 internal", "line 2: ::ffff:198.51.100.0/120 is IPv4"),
        (f"198.51.100.0/24 internal {'x' * 257}", "line 2: a name longer than 256"),
    ],
)
def test_a_bad_line_is_named(line: str, why: str) -> None:
    with pytest.raises(TableError) as refused:
        parse(f"192.0.2.0/24 internal\n{line}\n".encode())
    assert str(refused.value).startswith(why)


def test_a_list_has_an_end() -> None:
    rows = (f"2001:db8:{n >> 16:x}:{n & 65535:x}::/64 internal" for n in range(100_001))
    with pytest.raises(TableError, match=f"more than {MOST_NETWORKS}"):
        parse("\n".join(rows).encode())
    with pytest.raises(TableError, match="no network in it"):
        parse(b"# nothing\n")
    with pytest.raises(TableError, match="byte 3: not UTF-8"):
        parse(b"# \n\xff")


def test_a_list_may_be_as_long_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zones, "MOST_NETWORKS", 2)
    two = b"192.0.2.0/24 internal\n198.51.100.0/24 external\n"
    found = parse(two + b"#\n#").find("198.51.100.7")
    assert found == {"cisco_esa": {"zone": "external"}}
    with pytest.raises(TableError, match="3 networks, more than 2"):
        parse(two + b"203.0.113.0/24 internal")
    with pytest.raises(TableError, match="line 5: more than 4 lines"):
        parse(two + b"#\n#\n203.0.113.0/24 internal")


def test_a_name_may_have_256_letters() -> None:
    name = "x" * 256
    found = parse(f"192.0.2.0/24 internal {name}".encode()).find("192.0.2.1")
    assert found is not None
    assert found["network"] == {"name": name}


def test_only_what_is_not_there_is_added_and_no_shared_part_is_changed() -> None:
    enricher = Zones()
    enricher.table = parse(b"198.51.100.0/24 internal Office\n")
    network, own = {"direction": "ingress", "name": "Lobby"}, {"icid": 7}
    event = {"network": network, "cisco_esa": own, "source": {"ip": "198.51.100.7"}}
    enricher(event)
    assert event["network"] == {"direction": "ingress", "name": "Lobby"}
    assert event["cisco_esa"] == {"icid": 7, "zone": "internal"}
    assert own == {"icid": 7}

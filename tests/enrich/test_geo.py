"""MaxMind's files: what is taken of a record, and files that are none."""

import copy
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esa_auth.enrich import TableError
from esa_auth.enrich.geo import Geo, location, system, table
from esa_auth.enrich.mmdb import open_mmdb
from tests.support.mmdb import PROVIDER, TOWN, write_mmdb

MUNICH = {
    "geo": {
        "continent_code": "EU",
        "continent_name": "Europe",
        "country_iso_code": "DE",
        "country_name": "Germany",
        "region_iso_code": "DE-BY",
        "region_name": "Bavaria",
        "city_name": "Munich",
        "timezone": "Europe/Berlin",
        "location": {"lat": 48.1, "lon": 11.6},
    }
}
EXAMPLE_NET = {"as": {"number": 64500, "organization": {"name": "Example Net"}}}


def test_a_record_of_city_is_geo() -> None:
    assert location(TOWN) == MUNICH
    assert location({"country": {"iso_code": "DE"}, "subdivisions": []}) == {
        "geo": {"country_iso_code": "DE"}
    }
    assert location({"registered_country": {"iso_code": "DE"}}) is None


def test_a_record_of_asn_is_as() -> None:
    assert system(PROVIDER) == EXAMPLE_NET
    assert system({"autonomous_system_number": 64500}) == {"as": {"number": 64500}}
    assert system({"autonomous_system_organization": "Example Net"}) is None
    assert system(TOWN) is None
    # 0 is reserved, and no number has more than 32 bits (RFC 7607, RFC 6793).
    for number in (0, -1, 1 << 32, True, "64500"):
        assert system({"autonomous_system_number": number}) is None
    largest = (1 << 32) - 1
    assert system({"autonomous_system_number": largest}) == {"as": {"number": largest}}


@pytest.mark.parametrize(
    ("lat", "lon", "inside"),
    [
        (90.0, 180.0, True),
        (-90.0, -180.0, True),
        (90.5, 0.0, False),
        (-90.5, 0.0, False),
        (0.0, 180.5, False),
        (0.0, -180.5, False),
        (0.0, math.nan, False),
        (48, 11.5, False),
        (48.5, 11, False),
    ],
)
def test_a_point_is_one_on_the_globe(lat: float, lon: float, inside: bool) -> None:
    found = location({"location": {"latitude": lat, "longitude": lon}})
    point = {"geo": {"location": {"lat": lat, "lon": lon}}}
    assert found == (point if inside else None)


def test_a_text_has_256_letters_at_most() -> None:
    longest = "x" * 256
    found = location({"continent": {"code": longest}})
    assert found == {"geo": {"continent_code": longest}}
    assert location({"continent": {"code": longest + "x"}}) is None


def test_a_region_has_a_code_only_with_its_country() -> None:
    region = {"iso_code": "BY", "names": {"en": "Bavaria"}}
    small = {"iso_code": "M"}
    told = location({"subdivisions": [region]})
    assert told == {"geo": {"region_name": "Bavaria"}}
    told = location({"country": {"iso_code": "DE"}, "subdivisions": [region, small]})
    assert told == {"geo": {"country_iso_code": "DE", "region_iso_code": "DE-M"}}


def _every_value(tree: Any) -> list[tuple[Any, Any]]:
    """Return container and key of each value, however deep."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    found = []
    for key, value in list(pairs):
        found.append((tree, key))
        if isinstance(value, dict | list):
            found += _every_value(value)
    return found


@pytest.mark.parametrize(
    "wrong", [None, "", "x" * 300, 7, -1, 2**32, math.nan, 1e9, True, b"x", [], {}, [7]]
)
def test_a_value_of_another_type_is_left_out_and_the_rest_stays(wrong: Any) -> None:
    for record, describe in ((TOWN, location), (PROVIDER, system)):
        for number in range(len(_every_value(record))):
            changed = copy.deepcopy(record)
            inside, key = _every_value(changed)[number]
            inside[key] = wrong
            found = describe(changed)
            for name, value in (found or {}).get("geo", {}).items():
                assert value == MUNICH["geo"].get(name) or value == "DE-BY"
            if describe is system and found:
                assert 0 < found["as"]["number"] < 2**32


def test_addresses_of_both_kinds_are_found(tmp_path: Path) -> None:
    path = write_mmdb(
        tmp_path / "x.mmdb",
        {"198.51.100.0/25": TOWN, "2001:db8::/32": {"country": {"iso_code": "BR"}}},
    )
    found = table(open_mmdb(path.read_bytes()), location)
    assert found.find("198.51.100.7") == MUNICH
    assert found.find("::ffff:198.51.100.7") == MUNICH
    assert found.find("2001:db8::7") == {"geo": {"country_iso_code": "BR"}}
    assert found.find("198.51.100.200") is None
    assert found.find("::1") is None
    assert found.damage == ""


def test_a_file_of_ipv4_knows_no_ipv6_address(tmp_path: Path) -> None:
    path = write_mmdb(tmp_path / "x.mmdb", {"198.51.100.0/24": TOWN}, version=4)
    found = table(open_mmdb(path.read_bytes()), location)
    assert found.find("2001:db8::7") is None
    assert found.find("198.51.100.7") == MUNICH
    assert found.damage == ""


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    data = write_mmdb(tmp_path / "x.mmdb", {"198.51.100.0/24": TOWN}).read_bytes()
    for bad in (b"", b"x", b"{}", data[:-40], data[: len(data) // 2]):
        with pytest.raises(TableError, match="no MaxMind DB"):
            open_mmdb(bad)


def _sound() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = write_mmdb(Path(folder, "x.mmdb"), {"198.51.100.0/24": TOWN})
        return path.read_bytes()


SOUND = _sound()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_file_gives_nothing_or_something_well_formed(
    data: st.DataObject,
) -> None:
    whole = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(
            st.integers(0, 255)
        )
    try:
        found = table(open_mmdb(bytes(whole)), location)
    except TableError:
        return
    for address in ("198.51.100.7", "2001:db8::7", "203.0.113.7"):
        geo = (found.find(address) or {"geo": {"city_name": "x"}})["geo"]
        assert all(value for value in geo.values())


def test_damage_inside_is_remembered_and_adds_nothing(tmp_path: Path) -> None:
    def broken(_: object) -> object:
        raise TableError("damaged: here")

    found = table(broken, location)
    assert found.find("198.51.100.7") is None
    assert found.damage == "damaged: here"


def test_only_what_is_not_there_is_added_and_no_shared_part_is_changed() -> None:
    geo = Geo()
    geo.table = table(lambda _: TOWN, location)
    part = {"ip": "198.51.100.7", "geo": {"name": "here"}}
    event = {"network": {"direction": "ingress"}, "source": part, "client": part}
    geo(event)
    assert event["source"] == part == {"ip": "198.51.100.7", "geo": {"name": "here"}}
    del part["geo"]
    geo(event | {"source": part})
    assert part == {"ip": "198.51.100.7"}

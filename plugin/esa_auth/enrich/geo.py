"""Where a peer is (`geo`) and whose network it is in (`as`), from MaxMind's records.

They go to `source` or `destination`, as Elastic's own pipelines put them, and not to
`client` or `server` too: they are most of what an event would hold twice.

The records are those of GeoIP2 and GeoLite2 City, Country and ASN, and of files made in
their form. What of a record has not the type that they have is left out.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from esa_auth.enrich import Table, added
from esa_auth.enrich.peer import Address, AddressTable, peer_place

_LONGEST_TEXT = 256
_LAST_NUMBER = 2**32 - 1

Describe = Callable[[Any], dict[str, Any] | None]


class Geo:
    """Adds to the peer what a table says of its address."""

    of_context = True

    def __init__(self) -> None:
        self.table: Table | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        """See `Enricher`."""
        place = peer_place(event)
        part = event.get(place)
        if part is None or self.table is None or "ip" not in part:
            return
        if found := self.table.find(part["ip"]):
            event[place] = added(part, found)


def table(read: Callable[[Address], Any], describe: Describe) -> AddressTable:
    """Return a table of what ``describe`` makes of the records that ``read`` finds."""
    return AddressTable(partial(_described, read, describe))


def _described(
    read: Callable[[Address], Any], describe: Describe, address: Address
) -> dict[str, Any] | None:
    record = read(address)
    return describe(record) if isinstance(record, dict) else None


def location(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return ``geo`` of a record of City or Country."""
    continent, country = _map(record, "continent"), _map(record, "country")
    region, place = _smallest(record), _map(record, "location")
    iso, code = _text(country, "iso_code"), _text(region, "iso_code")
    told = {
        "continent_code": _text(continent, "code"),
        "continent_name": _name(continent),
        "country_iso_code": iso,
        "country_name": _name(country),
        # ISO 3166-2 has the country in it, MaxMind's record has not.
        "region_iso_code": f"{iso}-{code}" if iso and code else None,
        "region_name": _name(region),
        "city_name": _name(_map(record, "city")),
        "timezone": _text(place, "time_zone"),
        "location": _point(place),
    }
    geo = {key: value for key, value in told.items() if value is not None}
    return {"geo": geo} if geo else None


def system(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return ``as`` of a record of ASN."""
    number = record.get("autonomous_system_number")
    if type(number) is not int or not 0 < number <= _LAST_NUMBER:
        return None
    told: dict[str, Any] = {"number": number}
    if name := _text(record, "autonomous_system_organization"):
        told["organization"] = {"name": name}
    return {"as": told}


def _map(tree: dict[str, Any], key: str) -> dict[str, Any]:
    value = tree.get(key)
    return value if type(value) is dict else {}


def _text(tree: dict[str, Any], key: str) -> str | None:
    value = tree.get(key)
    return value if type(value) is str and 0 < len(value) <= _LONGEST_TEXT else None


def _name(tree: dict[str, Any]) -> str | None:
    return _text(_map(tree, "names"), "en")


def _smallest(record: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest subdivision, as Elasticsearch's geoip processor takes it."""
    found = record.get("subdivisions")
    last = found[-1] if type(found) is list and found else None
    return last if type(last) is dict else {}


def _point(place: dict[str, Any]) -> dict[str, float] | None:
    lat, lon = place.get("latitude"), place.get("longitude")
    if type(lat) is not float or type(lon) is not float:
        return None
    # Not a number is in no range.
    inside = -90 <= lat <= 90 and -180 <= lon <= 180
    return {"lat": lat, "lon": lon} if inside else None

"""Writes small files of MaxMind's format, with documentation ranges."""

from pathlib import Path
from typing import Any, Literal

from mmdb_writer import MMDBWriter
from netaddr import IPSet

Records = dict[str, dict[str, Any]]

TOWN: dict[str, Any] = {
    "continent": {"code": "EU", "names": {"en": "Europe", "de": "Europa"}},
    "country": {"iso_code": "DE", "names": {"en": "Germany", "de": "Deutschland"}},
    "subdivisions": [{"iso_code": "BY", "names": {"en": "Bavaria", "de": "Bayern"}}],
    "city": {"names": {"en": "Munich", "de": "München"}},
    "location": {
        "latitude": 48.1,
        "longitude": 11.6,
        "time_zone": "Europe/Berlin",
        "accuracy_radius": 20,
    },
    "postal": {"code": "80331"},
}
PROVIDER: dict[str, Any] = {
    "autonomous_system_number": 64500,
    "autonomous_system_organization": "Example Net",
}


def write_mmdb(path: Path, records: Records, version: Literal[4, 6] = 6) -> Path:
    """Write the records of networks; ``version`` 4 has no room for IPv6."""
    writer = MMDBWriter(
        ip_version=version, ipv4_compatible=version == 6, database_type="Test"
    )
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path

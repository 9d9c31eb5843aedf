"""Other schemas that an event can leave in: pure functions of a valid ECS event.

Each event becomes exactly one record. Where a field goes, `conf/mappings/` says.
"""

from collections.abc import Callable
from typing import Any

Convert = Callable[[dict[str, Any]], dict[str, Any]]


def converter(schema: str) -> Convert | None:
    """Return what makes records of ``schema``; None for ECS, which is there already."""
    # Here, because most runs write ECS.
    if schema == "ocsf":
        from esa_auth.formats.ocsf import ocsf_event

        return ocsf_event
    if schema == "cim":
        from esa_auth.formats.cim import cim_event

        return cim_event
    return None


def foreign(record: object) -> str | None:
    """Return the schema of a record that was an event of ours and is not ECS now."""
    if not isinstance(record, dict):
        return None
    if {"class_uid", "metadata", "time_dt"} <= record.keys():
        return "ocsf"
    if {"@timestamp", "vendor_product", "signature"} <= record.keys():
        return "cim"
    return None


def origin(record: dict[str, Any]) -> tuple[str, str]:
    """Return the raw line of a record of any schema, "" if it has none, and whose."""
    schema = foreign(record)
    if schema == "ocsf":
        return record.get("raw_data", ""), record["device"]["name"]
    if schema == "cim":
        return record.get("event.original", ""), record["dvc"]
    return record["event"].get("original", ""), record["observer"]["name"]

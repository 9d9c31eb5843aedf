"""Conditions as a Lucene query string, for Kibana and OpenSearch."""

import re

from conf.build.detections import AtLeast, Condition, Detection, Each, Has, Is, Isnt
from conf.build.kinds import CannotSayError


def query(detection: Detection) -> str:
    """Return the query of a detection."""
    if not isinstance(detection.way, Each):
        raise CannotSayError(
            "Lucene cannot count; use the search template in opensearch/"
        )
    return lucene(detection.select)


def lucene(conditions: tuple[Condition, ...]) -> str:
    """Return what holds of each event."""
    return " AND ".join(map(_condition, conditions))


def _condition(condition: Condition) -> str:
    match condition:
        case Is(field, (value,)):
            return f"{field}:{_text(value)}"
        case Is(field, values):
            return f"{field}:({' OR '.join(map(_text, values))})"
        case Isnt(field, value):
            return f"(_exists_:{field} AND NOT {field}:{_text(value)})"
        case AtLeast(field, least):
            return f"{field}:>={least}"
        case Has(field, there):
            return f"_exists_:{field}" if there else f"NOT _exists_:{field}"


def _text(value: str | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return re.sub(r"([^A-Za-z0-9_.])", r"\\\1", value)

"""Conditions in the query language of Kibana (KQL), which an analyst can edit there."""

from conf.build.detections import AtLeast, Condition, Has, Is, Isnt


def kuery(conditions: tuple[Condition, ...]) -> str:
    """Return what holds of each event."""
    return " and ".join(map(_condition, conditions))


def _condition(condition: Condition) -> str:
    match condition:
        case Is(field, (value,)):
            return f"{field}:{_text(value)}"
        case Is(field, values):
            # The reader of KQL in Elasticsearch 8.19 knows no `field:("a" or "b")`.
            return f"({' or '.join(f'{field}:{_text(value)}' for value in values)})"
        case Isnt(field, value):
            return f"({field}:* and not {field}:{_text(value)})"
        case AtLeast(field, least):
            return f"{field} >= {least}"
        case Has(field, there):
            return f"{field}:*" if there else f"not {field}:*"


def _text(value: str | bool) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()

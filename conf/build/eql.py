"""Detections as EQL, where it can say them: it joins by fields as they are."""

from conf.build.detections import (
    After,
    AtLeast,
    Condition,
    Counted,
    Detection,
    Each,
    Has,
    Is,
    Isnt,
    Key,
)


def impossible(detection: Detection) -> str | None:
    """Return why EQL cannot say a detection, or None."""
    way = detection.way
    if isinstance(way, Each):
        return None
    if isinstance(way, Counted) and way.distinct is None and way.least > 1:
        if way.window.endswith("d"):
            return "EQL keeps the runs of a whole day in memory; use the ES|QL"
        return None
    if isinstance(way, After) and way.networks == 1 and way.distinct is None:
        return None
    if isinstance(way, Counted) and way.distinct is None:
        return "one event is enough, and EQL would repeat it; use the ES|QL"
    return "EQL cannot count different values, add up, or look back for days"


def query(detection: Detection) -> str:
    """Return the query of a detection."""
    way = detection.way
    any_of = "any" if _of_letters(detection) else "authentication"
    holds = _all(detection.select)
    if isinstance(way, Each):
        return f"{any_of} where {holds}"
    if isinstance(way, Counted):
        head = f"sequence by {_field(way.by)} with maxspan={way.window}"
        return f"{head}\n  [{any_of} where {holds}] with runs={way.least}"
    assert isinstance(way, After)
    by = ", ".join(map(_field, way.by))
    return (
        f"sequence by {by} with maxspan={way.window}\n"
        f'  [{any_of} where {holds} and event.outcome == "failure"]'
        f" with runs={way.least}\n"
        f'  [{any_of} where {holds} and event.outcome == "success"]'
    )


def _of_letters(detection: Detection) -> bool:
    return any(isinstance(c, Is) and c.field == "event.kind" for c in detection.select)


def _field(key: Key) -> str:
    return key.field


def _all(conditions: tuple[Condition, ...]) -> str:
    return " and ".join(map(_condition, conditions))


def _condition(condition: Condition) -> str:
    match condition:
        case Is(field, (value,)):
            return f"{field} == {_text(value)}"
        case Is(field, values):
            return f"{field} in ({', '.join(map(_text, values))})"
        case Isnt(field, value):
            return f"{field} != {_text(value)}"
        case AtLeast(field, least):
            return f"{field} >= {least}"
        case Has(field, there):
            return f"{field} {'!=' if there else '=='} null"


def _text(value: str | bool) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()

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
)
from conf.build.kinds import CannotSayError, Kinds, cannot

_NO_SUMS = "EQL cannot count different values, add up, or look back for days"


def query(detection: Detection) -> str:
    """Return the query of a detection."""
    any_of = "any" if _of_letters(detection) else "authentication"
    return _SEQUENCE.said(detection.way).format(
        events=f"{any_of} where {_all(detection.select)}"
    )


def _each(_: Each) -> str:
    return "{events}"


def _counted(way: Counted) -> str:
    if way.distinct is not None:
        raise CannotSayError(_NO_SUMS)
    if way.least == 1:
        raise CannotSayError(
            "one event is enough, and EQL would repeat it; use the ES|QL"
        )
    if way.window.endswith("d"):
        raise CannotSayError(
            "EQL keeps the runs of a whole day in memory; use the ES|QL"
        )
    head = f"sequence by {way.by.field} with maxspan={way.window}"
    return f"{head}\n  [{{events}}] with runs={way.least}"


def _after(way: After) -> str:
    if way.networks > 1 or way.distinct is not None:
        raise CannotSayError(_NO_SUMS)
    by = ", ".join(key.field for key in way.by)
    return (
        f"sequence by {by} with maxspan={way.window}\n"
        f'  [{{events}} and event.outcome == "failure"] with runs={way.least}\n'
        '  [{events} and event.outcome == "success"]'
    )


def _of_letters(detection: Detection) -> bool:
    return any(isinstance(c, Is) and c.field == "event.kind" for c in detection.select)


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


_SEQUENCE: Kinds[str] = Kinds(
    _each,
    _counted,
    _after,
    *(cannot(_NO_SUMS) for _ in range(5)),
)

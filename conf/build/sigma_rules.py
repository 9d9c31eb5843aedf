"""Detections as Sigma rules, where Sigma can say them: `conf/sigma/rules`."""

from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

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
    Volume,
)
from conf.build.kinds import CannotSayError, Kinds, cannot

Body = dict[str, Any]
Documents = Callable[[Detection], list[Body]]

MODIFIED = "2026-11-27"
_FAILED = Is("event.outcome", ("failure",))
_GOT_IN = Is("event.outcome", ("success",))
_LOGSOURCE = {"product": "cisco", "service": "esa_auth"}
_AS_IT_IS = (
    "Sigma groups by address and name as they stand; the queries beside this rule group"
    " by network and without regard to case."
)


def rule(detection: Detection) -> str:
    """Return the file of a rule, the detection first and what it counts after it."""
    return "---\n".join(map(_dumped, _documents(detection)))


def _documents(detection: Detection) -> list[Body]:
    return _DOCUMENTS.said(detection.way)(detection)


def _each(_: Each) -> Documents:
    return lambda of: [_head(of) | _search(of.select) | _foot(of)]


def _counted(way: Counted) -> Documents:
    failed = (_FAILED,) if way.forgiven else ()

    def documents(of: Detection) -> list[Body]:
        base = _base(of, "events", (*of.select, *failed))
        return [_top(of, _counting(way, base)), base]

    return documents


def _after(way: After) -> Documents:
    if way.networks > 1:
        raise CannotSayError(
            "Sigma has no correlation of failures that counts their sources, too"
        )
    return lambda of: _ordered(of, way)


def _volume(way: Volume) -> Documents:
    ended = Is("event.action", ("smtp-session-end",))

    def documents(of: Detection) -> list[Body]:
        kept = tuple(
            c
            for c in of.select
            if not (isinstance(c, Is) and c.field == "event.action")
        )
        base = _base(of, "sessions", (*kept, ended))
        counted: Body = {
            "type": "value_sum",
            "rules": [base["name"]],
            "group-by": ["user.name"],
            "timespan": way.window,
            "condition": {"field": "cisco_esa.summary.recipients", "gte": way.least},
        }
        return [_top(of, counted), base]

    return documents


def _ordered(detection: Detection, way: After) -> list[Body]:
    failed = _base(detection, "failure", (*detection.select, _FAILED))
    got_in = _base(detection, "success", (*detection.select, _GOT_IN))
    by = [key.field for key in way.by]
    counted = _counting(
        Counted(way.by[0], way.window, way.least, "failures", way.distinct), failed
    )
    before = {
        "title": f"{detection.title} - Failures",
        "id": _uuid(f"{detection.name} failures"),
        "name": f"{detection.name}_failures",
        **_dated(detection),
        "description": "The first half of the detection, of no use alone.",
        "correlation": counted | {"group-by": by},
        "level": "informational",
    }
    ordered = {
        "type": "temporal_ordered",
        "rules": [before["name"], got_in["name"]],
        "group-by": by,
        "timespan": way.window,
    }
    return [_top(detection, ordered), before, failed, got_in]


def _counting(way: Counted, base: Body) -> Body:
    counted: Body = {
        "type": "event_count",
        "rules": [base["name"]],
        "group-by": [way.by.field],
        "timespan": way.window,
        "condition": {"gte": way.least},
    }
    if way.distinct is not None:
        counted["type"] = "value_count"
        counted["condition"] = {"field": way.distinct.field, "gte": way.least}
    return counted


def _top(detection: Detection, correlation: Body) -> Body:
    return _head(detection) | {"correlation": correlation} | _foot(detection)


def _head(detection: Detection) -> Body:
    way = detection.way
    about = detection.about
    if any(key.how != "field" for key in _keys(way)):
        about = f"{about} {_AS_IT_IS}"
    return {
        "title": detection.title,
        "id": detection.uuid or _uuid(detection.name),
        **_dated(detection),
        "description": about,
        "tags": list(detection.tags),
    }


def _keys(way: object) -> tuple[Key, ...]:
    if isinstance(way, Counted):
        return (way.by, *([way.distinct] if way.distinct else []))
    return way.by if isinstance(way, After) else ()


def _dated(detection: Detection) -> Body:
    changed = {"modified": MODIFIED} if detection.since != MODIFIED else {}
    dates = {"author": "esa-auth", "date": detection.since, **changed}
    return {"status": "experimental", **dates}


def _foot(detection: Detection) -> Body:
    return {"falsepositives": list(detection.mistaken), "level": detection.level}


def _base(detection: Detection, part: str, select: tuple[Condition, ...]) -> Body:
    return {
        "title": f"{detection.title} - {part.title()}",
        "id": _uuid(f"{detection.name} {part}"),
        "name": f"{detection.name}_{part}",
        **_dated(detection),
        "description": "What the detection counts, of no use alone.",
        **_search(select),
        "level": "informational",
    }


def _search(select: tuple[Condition, ...]) -> Body:
    selection: Body = {}
    left_out: Body = {}
    for condition in select:
        match condition:
            case Is(field, values) if all(str(value).isdigit() for value in values):
                # They are texts, and SigmaHQ wants no numbers in quotes.
                selection[f"{field}|re"] = f"^({'|'.join(map(str, values))})$"
            case Is(field, (value,)):
                selection[field] = value
            case Is(field, values):
                selection[field] = list(values)
            case AtLeast(field, least):
                selection[f"{field}|gte"] = least
            case Has(field, there) if not there:
                selection[field] = None
            case Has(field):
                left_out[f"filter_main_no_{field.replace('.', '_')}"] = {field: None}
            case Isnt(field, value):
                left_out[f"filter_main_{field.replace('.', '_')}"] = {field: value}
    holds = "selection and not 1 of filter_main_*" if left_out else "selection"
    detection = {"selection": selection, **left_out, "condition": holds}
    return {"logsource": _LOGSOURCE, "detection": detection}


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"esa-auth/{name}"))


class _Dumper(yaml.SafeDumper):
    """Writes lists as SigmaHQ does, under their key and further in."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value that comes twice in full each time."""
        return True


def _dumped(document: Body) -> str:
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=92, indent=4)
    return text


_DOCUMENTS: Kinds[Documents] = Kinds(
    _each,
    _counted,
    _after,
    cannot("Sigma cannot count groups that themselves were counted"),
    _volume,
    cannot("Sigma has no comparison with the past"),
    cannot("Sigma cannot compare two counts"),
    cannot("Sigma cannot say that something is missing"),
)

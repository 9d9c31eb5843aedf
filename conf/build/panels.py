"""The panels of the dashboard: what each counts, of which events, grouped by what.

Only kinds that show fields as text. No markdown, no Vega, no field format that makes a
link: a user name is the attacker's text.
"""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

ATTEMPT = "event.action:smtp\\-auth"
FAILURE = f"{ATTEMPT} AND event.outcome:failure"


@dataclass(frozen=True, slots=True)
class Panel:
    """A visualization: what it counts, of which events, grouped by what."""

    name: str
    title: str
    kind: str
    query: str
    metrics: tuple[Json, ...]
    buckets: tuple[Json, ...]
    params: Json
    wide: bool = False


def _count() -> Json:
    return {"type": "count", "schema": "metric", "params": {}}


def _distinct(field: str, label: str) -> Json:
    params = {"field": field, "customLabel": label}
    return {"type": "cardinality", "schema": "metric", "params": params}


def _terms(field: str, schema: str, size: int = 20, order_by: str = "1") -> Json:
    return {
        "type": "terms",
        "schema": schema,
        "params": {
            "field": field,
            "orderBy": order_by,
            "order": "desc",
            "size": size,
            "otherBucket": False,
            "missingBucket": False,
        },
    }


def _over_time() -> Json:
    return {
        "type": "date_histogram",
        "schema": "segment",
        "params": {
            "field": "@timestamp",
            "interval": "auto",
            "min_doc_count": 1,
            "drop_partials": False,
            "extended_bounds": {},
        },
    }


TABLE: Json = {"perPage": 20, "showPartialRows": False, "showTotal": False}
BARS: Json = {
    "addLegend": True,
    "addTooltip": True,
    "legendPosition": "right",
    "categoryAxes": [
        {
            "id": "CategoryAxis-1",
            "type": "category",
            "position": "bottom",
            "show": True,
            "scale": {"type": "linear"},
            "labels": {"show": True, "filter": True, "truncate": 100},
            "title": {},
        }
    ],
    "valueAxes": [
        {
            "id": "ValueAxis-1",
            "name": "LeftAxis-1",
            "type": "value",
            "position": "left",
            "show": True,
            "scale": {"type": "linear", "mode": "normal"},
            "labels": {"show": True, "filter": False, "truncate": 100},
            "title": {"text": "Attempts"},
        }
    ],
    "seriesParams": [
        {
            "show": True,
            "type": "histogram",
            "mode": "stacked",
            "data": {"id": "1", "label": "Attempts"},
            "valueAxis": "ValueAxis-1",
        }
    ],
    "grid": {"categoryLines": False},
}
HEAT: Json = {
    "addLegend": True,
    "addTooltip": True,
    "enableHover": False,
    "legendPosition": "right",
    "colorsNumber": 8,
    "colorSchema": "Reds",
    "setColorRange": False,
    "colorsRange": [],
    "invertColors": False,
    "percentageMode": False,
    "valueAxes": [
        {
            "id": "ValueAxis-1",
            "type": "value",
            "show": False,
            "scale": {"type": "linear", "defaultYExtents": False},
            "labels": {"show": False, "rotate": 0, "overwriteColor": False},
        }
    ],
}
PIE: Json = {
    "addLegend": True,
    "addTooltip": True,
    "isDonut": True,
    "legendPosition": "right",
    "labels": {"show": True, "values": True, "last_level": True, "truncate": 100},
}

PANELS = (
    Panel(
        "outcomes",
        "Outcomes over time",
        "histogram",
        ATTEMPT,
        (_count(),),
        (_over_time(), _terms("event.outcome", "group", 5)),
        BARS,
    ),
    Panel(
        "tls",
        "Share of TLS",
        "pie",
        ATTEMPT,
        (_count(),),
        (_terms("tls.established", "segment", 2),),
        PIE,
    ),
    Panel(
        "sources",
        "Top sources of failures",
        "table",
        FAILURE,
        (_count(), _distinct("user.name", "Users")),
        (_terms("source.ip", "bucket"),),
        TABLE,
    ),
    Panel(
        "users",
        "Users by distinct sources",
        "table",
        ATTEMPT,
        (_count(), _distinct("source.ip", "Sources")),
        (_terms("user.name", "bucket", order_by="2"),),
        TABLE,
    ),
    Panel(
        "spray",
        "Spray matrix: failures by source and user",
        "heatmap",
        FAILURE,
        (_count(),),
        (_terms("source.ip", "group", 30), _terms("user.name", "segment", 50)),
        HEAT,
        wide=True,
    ),
    Panel(
        "outbound",
        "Outbound failures",
        "table",
        "event.action:smtp\\-auth\\-client AND event.outcome:failure",
        (_count(),),
        (
            _terms("destination.ip", "bucket"),
            _terms("cisco_esa.auth.profile", "bucket"),
            _terms("error.code", "bucket"),
        ),
        TABLE,
        wide=True,
    ),
)

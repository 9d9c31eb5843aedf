"""The dashboard for Kibana: a data view, a saved search, panels of Lens.

The form is what `kb-dashboard-core` of PyPI, which writes such files, makes for Kibana
8; its models of saved objects check this file in the tests. No Kibana opened it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.support.checkout import ROOT

from conf.build.panels import ATTEMPT, PANELS, Json, Panel
from conf.build.queries import INDEX

DASHBOARD = ROOT / "conf" / "elastic" / "dashboard.ndjson"
VIEW, SEARCH = "esa-auth-events", "esa-auth-attempts"
SHOWN = ["event.outcome", "user.name", "source.ip", "observer.name", "event.reason"]
_WIDTH, _HEIGHT = 48, 15
_RECORDS = "___records___"
_NOTHING = {"query": "", "language": "kuery"}
# Kind of a panel -> what Lens calls it.
_KINDS = {
    "histogram": "lnsXY",
    "pie": "lnsPie",
    "table": "lnsDatatable",
    "heatmap": "lnsHeatmap",
}


def generated() -> Iterator[tuple[Path, str]]:
    """Return the file of saved objects and its text."""
    objects = [_data_view(), _search(), _dashboard()]
    yield DASHBOARD, "".join(json.dumps(o, sort_keys=True) + "\n" for o in objects)


def _object(kind: str, name: str, attributes: Json, references: list[Json]) -> Json:
    migrated = {"dashboard": "10.2.0", "search": "10.5.0", "index-pattern": "8.0.0"}
    return {
        "type": kind,
        "id": name,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": migrated[kind],
        "managed": False,
    }


def _data_view() -> Json:
    attributes = {
        "title": INDEX,
        "name": "Cisco ESA authentication",
        "timeFieldName": "@timestamp",
    }
    return _object("index-pattern", VIEW, attributes, [])


def _search() -> Json:
    name = "kibanaSavedObjectMeta.searchSourceJSON.index"
    source = {
        "query": {"query": ATTEMPT, "language": "lucene"},
        "filter": [],
        "indexRefName": name,
    }
    attributes = {
        "title": "Cisco ESA: attempts to log in",
        "description": "",
        "columns": SHOWN,
        "sort": [["@timestamp", "desc"]],
        "grid": {},
        "hideChart": True,
        "isTextBasedQuery": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)},
    }
    return _object("search", SEARCH, attributes, [_view(name)])


def _view(name: str) -> Json:
    return {"type": "index-pattern", "id": VIEW, "name": name}


def _dashboard() -> Json:
    panels = [_panel(*place) for place in zip(_places(), PANELS, strict=True)]
    panels.append(_attempts(max(p["gridData"]["y"] for p in panels) + _HEIGHT))
    references = [_view(f"{p.name}:{_layer_reference(p)}") for p in PANELS]
    shown = {"type": "search", "id": SEARCH, "name": "attempts:panel_attempts"}
    options = {
        "useMargins": True,
        "syncColors": False,
        "syncCursor": True,
        "syncTooltips": False,
        "hidePanelTitles": False,
    }
    attributes = {
        "title": "Cisco ESA authentication",
        "description": "SMTP AUTH at the gateway, and of the gateway at other servers",
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps(options),
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"filter": [], "query": _NOTHING})
        },
        "timeRestore": True,
        "timeFrom": "now-24h",
        "timeTo": "now",
        "version": 1,
    }
    return _object("dashboard", "esa-auth", attributes, [*references, shown])


def _panel(place: tuple[int, int, int], panel: Panel) -> Json:
    x, y, width = place
    return {
        "type": "lens",
        "panelIndex": panel.name,
        "gridData": {"x": x, "y": y, "w": width, "h": _HEIGHT, "i": panel.name},
        "embeddableConfig": {
            "enhancements": {"dynamicActions": {"events": []}},
            "attributes": lens(panel),
            "filters": [],
            "query": _NOTHING,
        },
    }


def _attempts(y: int) -> Json:
    return {
        "type": "search",
        "panelIndex": "attempts",
        "gridData": {"x": 0, "y": y, "w": _WIDTH, "h": _HEIGHT, "i": "attempts"},
        "embeddableConfig": {"enhancements": {}, "savedObjectId": SEARCH},
        "panelRefName": "panel_attempts",
    }


def _places() -> Iterator[tuple[int, int, int]]:
    x = y = 0
    for panel in PANELS:
        width = _WIDTH if panel.wide else _WIDTH // 2
        yield x, y, width
        x = (x + width) % _WIDTH
        y += _HEIGHT if x == 0 else 0


def _layer_reference(panel: Panel) -> str:
    return f"indexpattern-datasource-layer-{panel.name}"


def lens(panel: Panel) -> Json:
    """Return a panel as a visualization of Lens."""
    columns = _columns(panel)
    layer = {
        "columns": columns,
        "columnOrder": list(columns),
        "incompleteColumns": {},
        "sampling": 1,
    }
    return {
        "title": panel.title,
        "type": "lens",
        "visualizationType": _KINDS[panel.kind],
        "references": [_view(_layer_reference(panel))],
        "state": {
            "visualization": _visualization(panel, columns),
            "query": {"query": panel.query, "language": "lucene"},
            "filters": [],
            "datasourceStates": {"formBased": {"layers": {panel.name: layer}}},
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }


def _columns(panel: Panel) -> dict[str, Json]:
    """Return the columns of a layer: what it is grouped by, then what is counted."""
    metrics = {f"metric{n}": _metric(m) for n, m in enumerate(panel.metrics, start=1)}
    buckets = {f"by{n}": _bucket(b) for n, b in enumerate(panel.buckets, start=1)}
    return buckets | metrics


def _metric(metric: Json) -> Json:
    distinct = metric["type"] == "cardinality"
    params = metric["params"]
    return {
        "label": params.get("customLabel", "Count of records"),
        "customLabel": "customLabel" in params,
        "dataType": "number",
        "operationType": "unique_count" if distinct else "count",
        "isBucketed": False,
        "scale": "ratio",
        "sourceField": params["field"] if distinct else _RECORDS,
        "params": {"emptyAsNull": True},
    }


def _bucket(bucket: Json) -> Json:
    params = bucket["params"]
    field = params["field"]
    if bucket["type"] == "date_histogram":
        return {
            "label": field,
            "customLabel": False,
            "dataType": "date",
            "operationType": "date_histogram",
            "isBucketed": True,
            "scale": "interval",
            "sourceField": field,
            "params": {
                "interval": "auto",
                "includeEmptyRows": True,
                "dropPartials": False,
            },
        }
    return {
        "label": f"Top {params['size']} values of {field}",
        "customLabel": False,
        "dataType": "string",
        "operationType": "terms",
        "isBucketed": True,
        "scale": "ordinal",
        "sourceField": field,
        "params": {
            "size": params["size"],
            # The dashboard of OpenSearch numbers what it counts from 1, too.
            "orderBy": {"type": "column", "columnId": f"metric{params['orderBy']}"},
            "orderDirection": "desc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
            "include": [],
            "exclude": [],
            "includeIsRegex": False,
            "excludeIsRegex": False,
        },
    }


def _visualization(panel: Panel, columns: dict[str, Json]) -> Json:
    layer = {"layerId": panel.name, "layerType": "data"}
    match panel.kind:
        case "histogram":
            return {
                "preferredSeriesType": "bar_stacked",
                "legend": {"isVisible": True, "position": "right"},
                "valueLabels": "hide",
                "layers": [layer | _BARS],
            }
        case "pie":
            return {"shape": "donut", "layers": [layer | _SLICES]}
        case "heatmap":
            return layer | _HEAT
    shown = [
        {"columnId": name, "isTransposed": False, "isMetric": not column["isBucketed"]}
        for name, column in columns.items()
    ]
    return layer | {"columns": shown}


_BARS: Json = {
    "accessors": ["metric1"],
    "seriesType": "bar_stacked",
    "xAccessor": "by1",
    "splitAccessor": "by2",
    "position": "top",
    "showGridlines": False,
}
_SLICES: Json = {
    "primaryGroups": ["by1"],
    "metrics": ["metric1"],
    "numberDisplay": "percent",
    "categoryDisplay": "default",
    "legendDisplay": "default",
    "legendPosition": "right",
    "nestedLegend": False,
}
_HEAT: Json = {
    "shape": "heatmap",
    "xAccessor": "by2",
    "yAccessor": "by1",
    "valueAccessor": "metric1",
    "gridConfig": {
        "type": "heatmap_grid",
        "isCellLabelVisible": False,
        "isXAxisLabelVisible": True,
        "isXAxisTitleVisible": True,
        "isYAxisLabelVisible": True,
        "isYAxisTitleVisible": True,
    },
    "legend": {"type": "heatmap_legend", "isVisible": True, "position": "right"},
}

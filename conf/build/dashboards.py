"""The dashboard for OpenSearch Dashboards: saved objects, imported as they are."""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.support.checkout import ROOT

from conf.build.panels import PANELS, Json, Panel
from conf.build.queries import INDEX
from conf.build.templates import mappings

DASHBOARD = ROOT / "conf" / "opensearch" / "dashboard.ndjson"
PATTERN_ID = "esa-auth-events"
META = "kibanaSavedObjectMeta"
KINDS = {
    "ip": "ip",
    "date": "date",
    "boolean": "boolean",
    "long": "number",
    "float": "number",
}
WIDTH = 48
HEIGHT = 15


def aggregations(panel: Panel) -> list[Json]:
    """Return what the panel asks for, numbered as saved objects number it."""
    every = [*panel.metrics, *panel.buckets]
    return [
        {"id": str(number), "enabled": True} | one
        for number, one in enumerate(every, start=1)
    ]


def generated() -> Iterator[tuple[Path, str]]:
    """Return the file of saved objects and its text."""
    objects = [_pattern(), *map(_visualization, PANELS), _dashboard()]
    yield DASHBOARD, "".join(json.dumps(o, sort_keys=True) + "\n" for o in objects)


def _pattern() -> Json:
    fields = list(_fields(mappings("opensearch")["properties"], ""))
    attributes = {
        "title": INDEX,
        "timeFieldName": "@timestamp",
        "fields": json.dumps(fields),
    }
    return _object("index-pattern", PATTERN_ID, attributes, [], "7.6.0")


def _fields(properties: Json, prefix: str) -> Iterator[Json]:
    for name, field in properties.items():
        if "properties" in field:
            yield from _fields(field["properties"], f"{prefix}{name}.")
        else:
            yield _one_field(prefix + name, field)
            for part, inner in field.get("fields", {}).items():
                yield _one_field(f"{prefix}{name}.{part}", inner)


def _one_field(name: str, field: Json) -> Json:
    listed = field["type"] != "match_only_text" and field.get("doc_values", True)
    return {
        "name": name,
        "type": KINDS.get(field["type"], "string"),
        "esTypes": [field["type"]],
        "count": 0,
        "scripted": False,
        "searchable": field.get("index", True),
        "aggregatable": listed,
        "readFromDocValues": listed,
    }


def _visualization(panel: Panel) -> Json:
    state = {
        "title": panel.title,
        "type": panel.kind,
        "params": {"type": panel.kind} | panel.params,
        "aggs": aggregations(panel),
    }
    source = {
        "query": {"query": panel.query, "language": "lucene"},
        "filter": [],
        "indexRefName": f"{META}.searchSourceJSON.index",
    }
    attributes = {
        "title": f"ESA AUTH: {panel.title}",
        "description": "",
        "version": 1,
        "visState": json.dumps(state),
        "uiStateJSON": "{}",
        META: {"searchSourceJSON": json.dumps(source)},
    }
    reference = {
        "id": PATTERN_ID,
        "name": f"{META}.searchSourceJSON.index",
        "type": "index-pattern",
    }
    return _object("visualization", _id(panel), attributes, [reference], "7.10.0")


def _dashboard() -> Json:
    source = {"query": {"query": "", "language": "lucene"}, "filter": []}
    attributes = {
        "title": "Cisco ESA authentication",
        "description": "SMTP AUTH at the gateway, and of the gateway at other servers",
        "hits": 0,
        "version": 1,
        "timeRestore": True,
        "timeFrom": "now-24h",
        "timeTo": "now",
        "optionsJSON": json.dumps({"hidePanelTitles": False, "useMargins": True}),
        "panelsJSON": json.dumps(list(_places())),
        META: {"searchSourceJSON": json.dumps(source)},
    }
    references = [
        {"id": _id(panel), "name": f"panel_{number}", "type": "visualization"}
        for number, panel in enumerate(PANELS)
    ]
    return _object("dashboard", "esa-auth", attributes, references, "7.9.3")


def _places() -> Iterator[Json]:
    column = row = 0
    for number, panel in enumerate(PANELS):
        width = WIDTH if panel.wide else WIDTH // 2
        yield {
            "version": "2.19.1",
            "gridData": {
                **{"x": column, "y": row, "w": width, "h": HEIGHT},
                "i": str(number),
            },
            "panelIndex": str(number),
            "embeddableConfig": {},
            "panelRefName": f"panel_{number}",
        }
        column = (column + width) % WIDTH
        row += HEIGHT if column == 0 else 0


def _id(panel: Panel) -> str:
    return f"esa-auth-{panel.name}"


def _object(
    kind: str, name: str, attributes: Json, references: list[Json], version: str
) -> Json:
    return {
        "type": kind,
        "id": name,
        "attributes": attributes,
        "references": references,
        "migrationVersion": {kind: version},
    }

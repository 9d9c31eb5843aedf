"""The dashboard for Kibana: of its form, and each panel counts what it says."""

import json
import os
import subprocess
from typing import Any

import pytest
from conf.build.lens import DASHBOARD
from conf.build.panels import PANELS
from conf.build.queries import fields

from tests.siem.elastic.node import Elasticsearch
from tests.siem.server import LONG
from tests.siem.streams import filled
from tests.siem.test_dashboards import WANTED, counted, rows
from tests.support.checkout import ROOT
from tests.support.engines import require

Json = dict[str, Any]

PYTHON = ROOT / ".cache" / "esql" / "bin" / "python"
CHECK = ROOT / "tests" / "siem" / "lens_check.py"


def objects() -> dict[str, Json]:
    every = map(json.loads, DASHBOARD.read_text("utf-8").splitlines())
    return {one["id"]: one for one in every}


def panels() -> dict[str, Json]:
    attributes = objects()["esa-auth"]["attributes"]
    return {p["panelIndex"]: p for p in json.loads(attributes["panelsJSON"])}


def state_of(name: str) -> Json:
    state: Json = panels()[name]["embeddableConfig"]["attributes"]["state"]
    return state


def columns_of(name: str) -> dict[str, Json]:
    (layer,) = state_of(name)["datasourceStates"]["formBased"]["layers"].values()
    assert layer["columnOrder"] == list(layer["columns"])
    columns: dict[str, Json] = layer["columns"]
    return columns


def test_its_panels_are_of_the_models_of_kb_dashboard() -> None:
    found = list((PYTHON.parents[1] / "lib").glob("*/site-packages/kb_dashboard_core"))
    require("kb-dashboard-core", found, "not installed (make engines, Python 3.12)")
    broken = [panels()["outcomes"], panels()["outcomes"]]
    column, chart = (p["embeddableConfig"]["attributes"]["state"] for p in broken)
    layers = column["datasourceStates"]["formBased"]["layers"]
    layers["outcomes"]["columns"]["by1"]["operationType"] = "sausages"
    chart["visualization"]["layers"][0]["sausages"] = 1
    done = subprocess.run(
        [PYTHON, CHECK],
        input=json.dumps([*panels().values(), *broken]).encode(),
        capture_output=True,
        timeout=LONG,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    said = json.loads(done.stdout)
    assert said[:-2] == [[]] * (len(PANELS) + 1)
    assert all(said[-2:])


def test_every_reference_leads_somewhere() -> None:
    every = objects()
    assert {o["type"] for o in every.values()} == {
        "index-pattern",
        "search",
        "dashboard",
    }
    for one in every.values():
        for reference in one["references"]:
            assert every[reference["id"]]["type"] == reference["type"]
    named = {r["name"] for r in every["esa-auth"]["references"]}
    for name, panel in panels().items():
        if panel["type"] == "lens":
            (inner,) = panel["embeddableConfig"]["attributes"]["references"]
            assert f"{name}:{inner['name']}" in named
        else:
            assert f"{name}:{panel['panelRefName']}" in named
    cells = [
        (x, y)
        for grid in (p["gridData"] for p in panels().values())
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 47


def test_every_field_is_mapped_and_every_column_shown_is_there() -> None:
    assert set(objects()["esa-auth-attempts"]["attributes"]["columns"]) <= fields()
    for panel in PANELS:
        columns = columns_of(panel.name)
        asked = {c["sourceField"] for c in columns.values()} - {"___records___"}
        assert asked <= fields()
        shown = json.dumps(state_of(panel.name)["visualization"])
        assert all(f'"{name}"' in shown for name in columns)
        for column in columns.values():
            by = column["params"].get("orderBy")
            assert by is None or by["columnId"] in columns


def test_nothing_can_run_a_name_as_markup() -> None:
    text = DASHBOARD.read_text("utf-8").lower()
    for word in ("markdown", "vega", "urltemplate", "html", "script>", "http"):
        assert word not in text


def body(name: str) -> Json:
    """Return the request that a panel makes, by its columns."""
    columns = columns_of(name)
    metrics = {
        key: {"cardinality": {"field": column["sourceField"]}}
        for key, column in columns.items()
        if column["operationType"] == "unique_count"
    }
    aggs: Json = metrics
    for column in reversed([c for c in columns.values() if c["isBucketed"]]):
        field, params = column["sourceField"], column["params"]
        if column["operationType"] == "date_histogram":
            one: Json = {"date_histogram": {"field": field, "fixed_interval": "1h"}}
        else:
            by = params["orderBy"]["columnId"]
            order = {by if by in metrics else "_count": params["orderDirection"]}
            one = {"terms": {"field": field, "size": params["size"], "order": order}}
        aggs = {"of": one | {"aggs": aggs | metrics}}
    query = state_of(name)["query"]
    assert query["language"] == "lucene"
    asked = {"query_string": {"query": query["query"]}}
    return {"size": 0, "query": asked, "aggs": aggs}


@pytest.mark.parametrize("name", WANTED)
def test_a_panel_shows_what_the_events_hold(
    elasticsearch: Elasticsearch, name: str
) -> None:
    stream, _ = filled(elasticsearch, "days")
    answer = elasticsearch.ask("POST", f"/{stream}/_search", body(name)).good()
    buckets = answer["aggregations"]["of"]["buckets"]
    found = rows(buckets).items()
    shown = {key: row["doc_count"] for key, row in found if row["doc_count"]}
    wanted = counted(WANTED[name])
    sizes = {c["params"].get("size") for c in columns_of(name).values()}
    assert shown
    assert shown.items() <= wanted.items()
    assert len(shown) == len(wanted) or len(buckets) in sizes

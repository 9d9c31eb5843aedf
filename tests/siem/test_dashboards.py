"""Each panel of the dashboard asks for what its title says, and shows it as text."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from conf.build.dashboards import DASHBOARD, META
from conf.build.panels import PANELS
from conf.build.queries import fields

from tests.siem.engine import OpenSearch
from tests.siem.planted import Event, events_of
from tests.siem.scenarios import SCENARIOS
from tests.siem.streams import filled

Json = dict[str, Any]
Key = tuple[object, ...]


def objects(kind: str) -> dict[str, Json]:
    every = map(json.loads, DASHBOARD.read_text("utf-8").splitlines())
    return {one["id"]: one for one in every if one["type"] == kind}


def state_of(name: str) -> Json:
    attributes = objects("visualization")[f"esa-auth-{name}"]["attributes"]
    state: Json = json.loads(attributes["visState"])
    return state


def query_of(name: str) -> str:
    attributes = objects("visualization")[f"esa-auth-{name}"]["attributes"]
    source = json.loads(attributes[META]["searchSourceJSON"])
    assert source["query"]["language"] == "lucene"
    return str(source["query"]["query"])


def body(name: str) -> Json:
    """Return the request that the panel makes of its saved state."""
    metrics: Json = {}
    inner: Json = {}
    for agg in reversed(state_of(name)["aggs"]):
        params = agg["params"]
        match agg["type"]:
            case "count":
                pass
            case "cardinality":
                metrics[agg["id"]] = {"cardinality": {"field": params["field"]}}
            case "date_histogram":
                inner = {
                    "of": {
                        "date_histogram": {
                            "field": params["field"],
                            "fixed_interval": "1h",
                        },
                        "aggs": inner,
                    }
                }
            case "terms":
                by = params["orderBy"]
                order = {by if by in _distinct(name) else "_count": params["order"]}
                inner = {
                    "of": {
                        "terms": {
                            "field": params["field"],
                            "size": params["size"],
                            "order": order,
                        },
                        "aggs": inner,
                    }
                }
    _innermost(inner)["aggs"] = metrics
    for level in _levels(inner):
        level["aggs"] |= metrics
    query = {"query_string": {"query": query_of(name)}}
    return {"size": 0, "query": query, "aggs": inner}


def _distinct(name: str) -> set[str]:
    return {a["id"] for a in state_of(name)["aggs"] if a["type"] == "cardinality"}


def _levels(inner: Json) -> list[Json]:
    found = []
    while "of" in inner:
        found.append(inner["of"])
        inner = inner["of"]["aggs"]
    return found


def _innermost(inner: Json) -> Json:
    return _levels(inner)[-1]


def rows(buckets: list[Json], before: Key = ()) -> dict[Key, Json]:
    """Return the leaves of nested buckets by the keys that lead to them."""
    found: dict[Key, Json] = {}
    for bucket in buckets:
        key = (*before, bucket.get("key_as_string", bucket["key"]))
        if "of" in bucket:
            found |= rows(bucket["of"]["buckets"], key)
        else:
            found[key] = bucket
    return found


def counted(key: Callable[[Event], Key | None]) -> dict[Key, int]:
    keys = (key(event) for event in events_of(SCENARIOS))
    return dict(Counter(one for one in keys if one is not None))


def attempt(event: Event) -> bool:
    return bool(event["event"]["action"] == "smtp-auth")


def failure(event: Event) -> bool:
    return attempt(event) and event["event"]["outcome"] == "failure"


def source(event: Event) -> str | None:
    address: str | None = event.get("source", {}).get("ip")
    return address


WANTED: dict[str, Callable[[Event], Key | None]] = {
    "outcomes": lambda e: (
        (f"{e['@timestamp'][:13]}:00:00.000Z", e["event"]["outcome"])
        if attempt(e)
        else None
    ),
    "tls": lambda e: (
        (str(e["tls"]["established"]).lower(),) if attempt(e) and "tls" in e else None
    ),
    "sources": lambda e: (source(e),) if failure(e) else None,
    "users": lambda e: (e["user"]["name"],) if attempt(e) else None,
    "spray": lambda e: (source(e), e["user"]["name"]) if failure(e) else None,
    "outbound": lambda e: (
        (
            e["destination"]["ip"],
            e["cisco_esa"]["auth"]["profile"],
            e["error"]["code"],
        )
        if e["event"]["action"] == "smtp-auth-client"
        and e["event"]["outcome"] == "failure"
        else None
    ),
}


@pytest.mark.parametrize("name", WANTED)
def test_a_panel_shows_what_the_events_hold(opensearch: OpenSearch, name: str) -> None:
    stream, _ = filled(opensearch, "days")
    answer = opensearch.ask("POST", f"/{stream}/_search", body(name)).good()
    buckets = answer["aggregations"]["of"]["buckets"]
    shown = {key: row["doc_count"] for key, row in rows(buckets).items()}
    wanted = counted(WANTED[name])
    sizes = {a["params"].get("size") for a in state_of(name)["aggs"]}
    assert shown
    assert shown.items() <= wanted.items()
    # A table of twenty shows twenty, the others all there is.
    assert len(shown) == len(wanted) or len(buckets) in sizes


def test_the_user_from_most_sources_stands_first(opensearch: OpenSearch) -> None:
    stream, _ = filled(opensearch, "days")
    answer = opensearch.ask("POST", f"/{stream}/_search", body("users")).good()
    first, *_ = answer["aggregations"]["of"]["buckets"]
    sources: dict[str, set[str]] = {}
    for event in filter(attempt, events_of(SCENARIOS)):
        if address := source(event):
            sources.setdefault(event["user"]["name"], set()).add(address)
    assert first["2"]["value"] == max(map(len, sources.values()))
    assert first["2"]["value"] == len(sources[first["key"]])


def test_the_spray_is_a_row_of_the_matrix(opensearch: OpenSearch) -> None:
    stream, _ = filled(opensearch, "days")
    answer = opensearch.ask("POST", f"/{stream}/_search", body("spray")).good()
    cells = rows(answer["aggregations"]["of"]["buckets"])
    assert len({user for address, user in cells if address == "203.0.113.20"}) == 10


def test_nothing_can_run_a_name_as_markup() -> None:
    kinds = {state_of(panel.name)["type"] for panel in PANELS}
    assert kinds == {"histogram", "pie", "table", "heatmap"}
    (pattern,) = objects("index-pattern").values()
    assert set(pattern["attributes"]) == {"title", "timeFieldName", "fields"}
    text = DASHBOARD.read_text("utf-8").lower()
    for word in ("markdown", "vega", "urltemplate", "html", "script>", "http"):
        assert word not in text


def test_every_reference_leads_somewhere() -> None:
    every = objects("visualization") | objects("index-pattern") | objects("dashboard")
    assert len(objects("visualization")) == len(PANELS) == 6
    for one in every.values():
        for reference in one["references"]:
            assert every[reference["id"]]["type"] == reference["type"]
    (dashboard,) = objects("dashboard").values()
    shown = {r["id"] for r in dashboard["references"]}
    assert shown == set(objects("visualization"))
    places = [p["gridData"] for p in json.loads(dashboard["attributes"]["panelsJSON"])]
    cells = [
        (x, y)
        for p in places
        for x in range(p["x"], p["x"] + p["w"])
        for y in range(p["y"], p["y"] + p["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 47


def test_every_field_of_a_panel_is_one_of_the_pattern_and_can_be_counted() -> None:
    (pattern,) = objects("index-pattern").values()
    known = {f["name"]: f for f in json.loads(pattern["attributes"]["fields"])}
    assert fields() <= known.keys()
    for panel in PANELS:
        for agg in state_of(panel.name)["aggs"]:
            if "field" in agg["params"]:
                assert known[agg["params"]["field"]]["aggregatable"]

"""What Microsoft Sentinel takes: `conf/sentinel`, beside the KQL of the detections."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.support.checkout import ROOT

from conf.build import attack, kusto, queries
from conf.build.arrival import interval, reach
from conf.build.detections import Detection, Each, groups
from conf.build.table import DETECTIONS
from conf.build.templates import SCHEMA, mappings

Json = dict[str, Any]

FOLDER = ROOT / "conf" / "sentinel"
TABLE = "EsaAuth_CL"
# A rule looks back two weeks at most, and of two days or more once an hour at most:
# https://learn.microsoft.com/azure/sentinel/create-analytics-rules
MOST_MINUTES = 14 * 1440
_SEVERITIES = {"low": "Low", "medium": "Medium", "high": "High", "critical": "High"}
_CASTS = {
    "boolean": "tobool",
    "date": "todatetime",
    "float": "toreal",
    "long": "tolong",
}
_WORKSPACE = "Microsoft.OperationalInsights/workspaces/providers"
_KEYS = {
    "account": ("Account", "FullName"),
    "appliance": ("Host", "HostName"),
    "user_name": ("Account", "FullName"),
    "source_ip": ("IP", "Address"),
    "observer_name": ("Host", "HostName"),
}


def generated() -> Iterator[tuple[Path, str]]:
    """Return the function that the queries ask, and the rules."""
    yield FOLDER / "EsaAuth.kql", function()
    yield FOLDER / "analytics-rules.json", json.dumps(template(), indent=1) + "\n"


def function() -> str:
    """Return the text of the function `EsaAuth`: a column for each field."""
    lists = set(_lists(json.loads(SCHEMA.read_text("utf-8")), ""))
    columns = [
        f"    {kusto.column(name)} = {_cast(kind, name in lists)}({_path(name)})"
        for name, kind in _fields(mappings("elastic")["properties"], "")
        if not name.startswith("data_stream.") and name != "event.ingested"
    ]
    body = ",\n".join(columns)
    return (
        "// The function EsaAuth: each event once, with a column for each field.\n"
        f"{TABLE}\n"
        # A dead letter has no id.
        f"| extend id = tostring({_path('event.id')}), letter = strcat("
        f"tostring({_path('observer.name')}), tostring({_path('event.hash')}))\n"
        "| extend once = iff(isempty(id), letter, id)\n"
        "| summarize arg_min(TimeGenerated, Event) by once\n"
        f"| project\n    TimeGenerated,\n{body}\n"
        '| extend source_network = iff(source_ip contains ":",'
        " parse_ipv6_mask(source_ip, 64), source_ip)\n"
    )


def _fields(properties: Json, prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in properties.items():
        if "properties" in field:
            yield from _fields(field["properties"], f"{prefix}{name}.")
        else:
            yield prefix + name, field["type"]


def _lists(schema: Json, prefix: str) -> Iterator[str]:
    for name, inner in schema["properties"].items():
        if "properties" in inner:
            yield from _lists(inner, f"{prefix}{name}.")
        elif inner.get("type") == "array":
            yield prefix + name


def _cast(kind: str, several: bool) -> str:
    if several or kind == "geo_point":
        return "todynamic"
    return _CASTS.get(kind, "tostring")


def _path(name: str) -> str:
    # In brackets, for some names are words of KQL.
    return "Event" + "".join(f'["{part}"]' for part in name.split("."))


def rules() -> list[Detection]:
    """Return the detections that a scheduled rule can look back far enough for."""
    return [d for d in DETECTIONS if reach(d) <= MOST_MINUTES]


def template() -> Json:
    """Return the file that *Analytics, Import* takes."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/"
        "deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"workspace": {"type": "String"}},
        "resources": [_resource(detection) for detection in rules()],
    }


def _resource(detection: Detection) -> Json:
    number = str(uuid5(NAMESPACE_URL, f"esa-auth/sentinel/{detection.name}"))
    provider = "Microsoft.SecurityInsights"
    at = "[concat(resourceId('Microsoft.OperationalInsights/workspaces/providers',"
    at += f" parameters('workspace'), '{provider}'), '/alertRules/{number}')]"
    name = f"[concat(parameters('workspace'), '/{provider}/{number}')]"
    return {
        "id": at,
        "name": name,
        "type": f"{_WORKSPACE}/alertRules",
        "kind": "Scheduled",
        "apiVersion": "2022-11-01",
        "properties": _properties(detection),
    }


def _properties(detection: Detection) -> Json:
    every = interval(detection)
    query, columns = _query(detection)
    return {
        "displayName": detection.title,
        "description": f"{detection.about} Runbook: conf/sigma/runbooks/"
        f"{detection.name}.md of esa-auth.",
        "severity": _SEVERITIES[detection.level],
        "enabled": False,
        "query": query,
        "queryFrequency": f"PT{every}M",
        "queryPeriod": f"PT{reach(detection)}M",
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 0,
        "suppressionEnabled": False,
        "suppressionDuration": "PT5H",
        "tactics": [
            attack.TACTICS[t][1].replace(" ", "") for t in attack.tactics(detection)
        ],
        "techniques": sorted({t.split(".")[0] for t in detection.techniques}),
        "subTechniques": [t for t in detection.techniques if "." in t],
        "eventGroupingSettings": {"aggregationKind": "AlertPerResult"},
        "incidentConfiguration": _incidents(detection),
        "entityMappings": [
            {
                "entityType": _KEYS[c][0],
                "fieldMappings": [{"identifier": _KEYS[c][1], "columnName": c}],
            }
            for c in columns
        ],
    }


def _incidents(detection: Detection) -> Json:
    # A finding comes back in each run that still sees its events.
    back = min(reach(detection), 7 * 1440)
    return {
        "createIncident": True,
        "groupingConfiguration": {
            "enabled": True,
            "reopenClosedIncident": False,
            "lookbackDuration": f"PT{back}M",
            "matchingMethod": "AllEntities",
            "groupByEntities": [],
            "groupByAlertDetails": [],
            "groupByCustomDetails": [],
        },
    }


def _query(detection: Detection) -> tuple[str, list[str]]:
    """Return the query of a rule, and its columns that are entities."""
    query = queries.written("kusto", detection)
    if isinstance(detection.way, Each) and detection.way.by is None:
        return query, ["user_name", "source_ip", "observer_name"]
    columns = [c for c in groups(detection) if c in _KEYS]
    steps = ""
    # An entity is one value: of several, the first.
    for several, one in (
        ("names" if "names = make_set" in query else "users", "user_name"),
        ("sources", "source_ip"),
        ("appliances", "observer_name"),
    ):
        kind = _KEYS[one][0]
        if f"{several} = make_set" in query and kind not in {
            _KEYS[c][0] for c in columns
        }:
            steps += f"\n| extend {one} = tostring({several}[0])"
            columns.append(one)
    return query + steps, columns

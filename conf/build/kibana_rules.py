"""The detections as rules of Kibana, in two files of `conf/elastic`.

The form is that of Kibana's Detections API, "Import detection rules" and "Create a
detection rule" (https://www.elastic.co/docs/api/doc/kibana), one rule a line.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.support.checkout import ROOT

from conf.build import attack, eql, esql, runbooks
from conf.build.arrival import interval, reach
from conf.build.detections import (
    After,
    Counted,
    Detection,
    Each,
    FirstSeen,
    Key,
    groups,
    minutes,
    step_of,
)
from conf.build.kinds import CannotSayError, Kinds, cannot
from conf.build.kuery import kuery
from conf.build.table import DETECTIONS

Body = dict[str, Any]

FOLDER = ROOT / "conf" / "elastic"
INGESTED = "event.ingested"
# Of a level, as Elastic's own rules have it.
RISKS = {"low": 21, "medium": 47, "high": 73, "critical": 99}
# Columns of a finding that are fields of ECS with several values.
COLUMNS = {
    "users": "user.name",
    "accounts": "user.name",
    "sources": "source.ip",
    "countries": "source.geo.country_iso_code",
    "appliances": "observer.name",
}
_FIELDS = list(dict.fromkeys(COLUMNS.values()))
# What a group is, where no column says it.
KEYS = {"account": "user.name", "network": "source.ip", "appliance": "observer.name"}
_SETUP = (
    "Needs the index template and the ingest pipeline of esa-auth (`conf/elastic`), and"
    " the events of `esa-auth` in `logs-cisco_esa.auth-*`."
)
_AS_IT_STANDS = (
    " For logs that arrive within minutes, instead of the ES|QL rule of the same name:"
    " it groups by address and name as they stand."
)


def generated() -> Iterator[tuple[Path, str]]:
    """Return the two files and their text."""
    for name, rules in (("rules", exact()), ("rules-live", live())):
        lines = (f"{json.dumps(rule, sort_keys=True)}\n" for rule in rules)
        yield FOLDER / f"{name}.ndjson", "".join(lines)


def exact() -> list[Body]:
    """Return a rule for each detection, right for late events."""
    return [_rule(d, _single(d) if _alone(d) else _table(d)) for d in DETECTIONS]


def live() -> list[Body]:
    """Return rules of other types, for those detections that they can say."""
    rules = []
    for detection in DETECTIONS:
        try:
            own = _LIVE.said(detection.way)
        except CannotSayError:
            continue
        sequence = own["type"] == "eql"
        query = eql.query(detection) if sequence else kuery(detection.select)
        rule = _rule(detection, {**own, "query": query})
        rule["name"] += " (Live)"
        rule["rule_id"] = _id(f"{detection.name} live")
        rule["description"] += _AS_IT_STANDS
        rules.append(rule)
    return rules


def _alone(detection: Detection) -> bool:
    return isinstance(detection.way, Each) and detection.way.by is None


def _rule(detection: Detection, own: Body) -> Body:
    return {
        "rule_id": _id(detection.name),
        "name": detection.title,
        "description": detection.about,
        "severity": detection.level,
        "risk_score": RISKS[detection.level],
        "threat": _threat(detection),
        "false_positives": list(detection.mistaken),
        "note": runbooks.guide(detection),
        "setup": _SETUP,
        "author": ["esa-auth"],
        "tags": ["Cisco ESA", "Domain: Email", f"esa-auth: {detection.name}"],
        "references": [attack.page(number) for number in detection.techniques],
        "enabled": False,
        "interval": _span(interval(detection)),
        "from": f"now-{reach(detection)}m",
        "to": "now",
        "max_signals": 100,
        **own,
    }


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"esa-auth/kibana/{name}"))


def _span(of: int) -> str:
    return f"{of // 60}h" if of % 60 == 0 else f"{of}m"


def _threat(detection: Detection) -> list[Body]:
    return [
        {
            "framework": "MITRE ATT&CK",
            "tactic": _named(*attack.TACTICS[tactic]),
            "technique": [
                _technique(number) | {"subtechnique": [_technique(s) for s in parts]}
                for number, parts in attack.techniques(detection, tactic).items()
            ],
        }
        for tactic in attack.tactics(detection)
    ]


def _technique(number: str) -> Body:
    return _named(number, attack.TECHNIQUES[number][1])


def _named(number: str, name: str) -> Body:
    return {"id": number, "name": name, "reference": attack.page(number)}


def _single(detection: Detection) -> Body:
    """Return a rule that sees each event once, whenever it comes."""
    return {
        "type": "query",
        "language": "kuery",
        "query": kuery(detection.select),
        "index": [esql.STREAM],
        "timestamp_override": INGESTED,
        "from": f"now-{2 * interval(detection)}m",
        "investigation_fields": {"field_names": ["event.reason", *_FIELDS]},
    }


def _table(detection: Detection) -> Body:
    """Return a rule of ES|QL, whose findings name all that take part."""
    query, fields = _with_fields(esql.query(detection), detection)
    shown = dict.fromkeys([*groups(detection), *fields])
    return {
        "type": "esql",
        "language": "esql",
        "query": query,
        "investigation_fields": {"field_names": list(shown)},
        "alert_suppression": {
            "group_by": list(groups(detection)),
            "duration": {"value": reach(detection), "unit": "m"},
            "missing_fields_strategy": "doNotSuppress",
        },
    }


def _with_fields(query: str, detection: Detection) -> tuple[str, list[str]]:
    """Return a query whose columns are called as ECS calls them, and those fields."""
    *_, last = re.findall(r"\| STATS (.*)", query)
    columns = re.findall(r"(\w+) = ", last.rpartition(" BY ")[0])
    several = [c for c in re.findall(r"(\w+) = VALUES\(", last) if c in COLUMNS]
    steps = [f"RENAME {c} AS {COLUMNS[c]}" for c in several]
    fields = [COLUMNS[c] for c in several]
    keys = groups(detection)
    for key in keys:
        if key in KEYS and KEYS[key] not in fields:
            steps.append(f"EVAL {KEYS[key]} = {key}")
            fields.append(KEYS[key])
    rest = [c for c in columns if c not in {*several, "new"}]
    kept = dict.fromkeys([*keys, *rest, *fields])
    steps.append(f"KEEP {', '.join(kept)}")
    return query.rstrip("\n") + "".join(f"\n| {step}" for step in steps), fields


def _threshold(way: Counted) -> Body:
    if way.forgiven or "origin" in {key.how for key in _keys(way)}:
        raise CannotSayError("a threshold rule can neither forgive nor fall back")
    counted: Body = {"field": [way.by.field], "value": way.least}
    if way.distinct is not None:
        one = {"field": way.distinct.field, "value": way.least}
        counted |= {"value": 1, "cardinality": [one]}
    every = step_of(way.window)
    return {
        "type": "threshold",
        "language": "kuery",
        "index": [esql.STREAM],
        "timestamp_override": INGESTED,
        "threshold": counted,
        "interval": _span(every),
        # Of whatever window that is so long, one run sees all.
        "from": f"now-{minutes(way.window) + every}m",
        "alert_suppression": {"duration": {"value": minutes(way.window), "unit": "m"}},
    }


def _keys(way: Counted) -> list[Key]:
    return [way.by, *([way.distinct] if way.distinct else [])]


def _sequence(way: After) -> Body:
    if way.networks > 1 or way.distinct is not None:
        raise CannotSayError("EQL cannot count different values")
    return {
        "type": "eql",
        "language": "eql",
        "index": [esql.STREAM],
        "timestamp_field": "@timestamp",
        "tiebreaker_field": "event.sequence",
    }


def _new_terms(way: FirstSeen) -> Body:
    return {
        "type": "new_terms",
        "language": "kuery",
        "index": [esql.STREAM],
        "timestamp_override": INGESTED,
        "new_terms_fields": ["user.name", "source.ip"],
        "history_window_start": f"now-{way.history}",
        "interval": "1h",
        "from": "now-70m",
    }


_LIVE: Kinds[Body] = Kinds(
    cannot("the query rule sees late events as well"),
    _threshold,
    _sequence,
    cannot("no other rule counts groups that were counted"),
    cannot("no other rule adds up"),
    _new_terms,
    cannot("no other rule compares two counts"),
    cannot("no other rule sees what is missing"),
)

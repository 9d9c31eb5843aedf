"""What Splunk Enterprise Security reads of a saved search: notable, risk, ATT&CK.

Keys as in `savedsearches.conf` of Splunk's own content updates (ESCU), a public
repository of Splunk. Without Enterprise Security they are not read.
"""

import json
import re
from typing import Any

from conf.build.detections import Detection, Each, groups
from conf.build.queries import SOURCETYPE, written

RUNBOOKS = "appserver/static/runbooks"
_SCORES = {"low": 20, "medium": 40, "high": 60, "critical": 80}
# Group of a finding -> what finds the events of it.
_OF = {
    "network": 'source.ip="$network$"',
    "origin": '(source.ip="$origin$" OR observer.name="$origin$")',
    "account": 'user.name="$account$"',
    "session": 'cisco_esa.session.id="$session$"',
    "appliance": 'observer.name="$appliance$"',
    "cisco_esa.session.id": 'cisco_esa.session.id="$cisco_esa.session.id$"',
    "event.id": 'event.id="$event.id$"',
    # Of a day all attempts.
    "day": 'event.action="smtp-auth"',
}
# Columns of a finding -> kind of what is at risk.
_AT_RISK = {
    # Where there are names, users is their number.
    "names": "user",
    "users": "user",
    "account": "user",
    "user.name": "user",
    "sources": "system",
    "network": "system",
    "source.ip": "system",
    "appliance": "system",
}


def settings(detection: Detection, application: str) -> dict[str, Any]:
    """Return the keys of a detection; the runbook is a file of the application."""
    attack = {"mitre_attack": list(detection.techniques)}
    page = f"/static/app/{application}/{RUNBOOKS.split('/', 2)[2]}/{detection.name}.md"
    steps = {"version": 1, "data": f"Runbook: {page}"}
    severity = detection.level
    return {
        "action.correlationsearch.enabled": 1,
        "action.correlationsearch.label": detection.title,
        "action.correlationsearch.annotations": json.dumps(attack),
        "action.notable": 1,
        "action.notable.param.rule_title": _title(detection),
        "action.notable.param.rule_description": detection.about,
        "action.notable.param.security_domain": "access",
        "action.notable.param.severity": severity,
        "action.notable.param.drilldown_searches": json.dumps([_drilldown(detection)]),
        "action.notable.param.next_steps": json.dumps(steps),
        "action.risk": 1,
        "action.risk.param._risk": json.dumps(_risk(detection)),
        "action.risk.param._risk_message": _title(detection),
        "action.risk.param._risk_score": 0,
        "action.risk.param.verbose": 0,
    }


def _title(detection: Detection) -> str:
    if "event.id" in groups(detection):
        return detection.title
    values = " ".join(f"${name}$" for name in groups(detection))
    return f"{detection.title}: {values}"


def _drilldown(detection: Detection) -> dict[str, str]:
    asked = " ".join(_OF[name] for name in groups(detection))
    search = f'`esa_auth_index` sourcetype="{SOURCETYPE}" {asked}'
    return {
        "name": "Events of the finding",
        "search": search,
        "earliest": "$info_min_time$",
        "latest": "$info_max_time$",
    }


def _risk(detection: Detection) -> list[dict[str, Any]]:
    if isinstance(detection.way, Each) and detection.way.by is None:
        columns = ["user.name", "source.ip"]
    else:
        text = written("splunk", detection)
        named = {*re.findall(r" as (\w+)", text), *groups(detection)}
        columns = [column for column in _AT_RISK if column in named]
    kinds: dict[str, str] = {}
    for column in columns:
        # Of a user and of an address each once.
        kinds.setdefault(_AT_RISK[column], column)
    return [
        {
            "risk_object_field": column,
            "risk_object_type": kind,
            "risk_score": _SCORES[detection.level],
        }
        for kind, column in kinds.items()
    ]

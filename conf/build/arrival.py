"""How often a detection is run, and how far it looks back, for events that come late.

An event that comes late belongs to windows of the past. Who looks back over the window,
the delay and the time between two runs sees every window whole in one run at least.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.checkout import ROOT

from conf.build import queries
from conf.build.detections import Detection, Each, groups, look_back, minutes, step_of
from conf.build.table import DETECTIONS

Body = dict[str, Any]

# Minutes that are allowed for: the file of an hour, pushed within the first quarter of
# the next.
DELAY = 75
MONITORS = ROOT / "conf" / "opensearch" / "monitors"
PAGE = ROOT / "conf" / "sigma" / "late.md"
_BEGIN, _CLOSE = "<!-- made by `make siem` -->\n", "<!-- end -->\n"
_SEVERITY = {"low": "4", "medium": "3", "high": "2", "critical": "1"}
_END = "{{period_end}}"


def interval(detection: Detection) -> int:
    """Return the minutes between two runs."""
    if isinstance(detection.way, Each):
        return 5
    window = minutes(look_back(detection))
    return 5 if window < 60 else 15 if window == 60 else 60


def reach(detection: Detection, delay: int = DELAY) -> int:
    """Return how many minutes a run looks back if no event is later than ``delay``."""
    if isinstance(detection.way, Each):
        return delay + interval(detection)
    window = look_back(detection)
    return minutes(window) + step_of(window) + delay + interval(detection)


def delayed(template: str) -> str:
    """Return a search template whose window ends ``DELAY`` before the run."""
    text = template.replace(f"{_END}||-", f"{_END}||-{DELAY}m-")
    return text.replace(f'"{_END}"', f'"{_END}||-{DELAY}m"')


def monitor(detection: Detection) -> Body:
    """Return the monitor of a detection, as OpenSearch Alerting takes it by POST.

    Its form is of the documentation of Alerting; the search in it is tested.
    """
    if isinstance(detection.way, Each):
        every = interval(detection)
        since = {"range": {"event.ingested": {"gt": f"{_END}||-{every}m", "lte": _END}}}
        text = {"query_string": {"query": queries.written("lucene", detection)}}
        search: Body = {"size": 10, "query": {"bool": {"filter": [since, text]}}}
        found = "ctx.results[0].hits.total.value > 0"
    else:
        every = step_of(look_back(detection))
        search = json.loads(delayed(queries.written("opensearch", detection)))
        found = "ctx.results[0].aggregations.found.buckets.size() > 0"
    condition = {"script": {"source": found, "lang": "painless"}}
    trigger = {
        "name": detection.name,
        "severity": _SEVERITY[detection.level],
        "condition": condition,
        "actions": [],
    }
    return {
        "type": "monitor",
        "name": detection.title,
        "monitor_type": "query_level_monitor",
        "enabled": False,
        "schedule": {"period": {"interval": every, "unit": "MINUTES"}},
        "inputs": [{"search": {"indices": [queries.INDEX], "query": search}}],
        "triggers": [{"query_level_trigger": trigger}],
    }


def generated() -> Iterator[tuple[Path, str]]:
    """Return the monitors, and the table of schedules on the page about late events."""
    for form in ("lucene", "opensearch"):
        for detection in queries.shipped(form):
            text = json.dumps(monitor(detection), indent=2) + "\n"
            yield MONITORS / f"{detection.name}.json", text
    before, _, rest = PAGE.read_text("utf-8").partition(_BEGIN)
    yield PAGE, before + _BEGIN + _table() + _CLOSE + rest.partition(_CLOSE)[2]


def _table() -> str:
    rows = [
        "| detection | runs every | look-back | suppress by |",
        "|---|---|---|---|",
        *(
            f"| `{d.name}` | {interval(d)} min | {reach(d):,} min |"
            f" {', '.join(f'`{name}`' for name in groups(d))} |"
            for d in DETECTIONS
        ),
    ]
    return "".join(f"{row}\n" for row in rows)

"""Reads a dashboard for Kibana with the models of `kb-dashboard-core`; prints errors.

Run by a Python of its own (`make engines`): the package wants Python 3.12 or newer.
"""

import json
import sys

from kb_dashboard_core.panels.charts.view import KbnLensPanel
from kb_dashboard_core.panels.search.view import KbnSearchPanel
from pydantic import ValidationError

MODELS = {"lens": KbnLensPanel, "search": KbnSearchPanel}


def errors(panel: dict[str, object]) -> list[str]:
    """Return what is wrong with a panel."""
    try:
        MODELS[str(panel["type"])].model_validate_json(json.dumps(panel))
    except ValidationError as error:
        return [".".join(map(str, e["loc"])) + ": " + e["msg"] for e in error.errors()]
    return []


if __name__ == "__main__":
    json.dump([errors(panel) for panel in json.load(sys.stdin)], sys.stdout)

"""Reads a dashboard for Kibana with the models of `kb-dashboard-core`; prints errors.

Run by a Python of its own (`make engines`): the package wants Python 3.12 or newer.
"""

import json
import sys
from typing import Any

from kb_dashboard_core.panels.charts.datatable.view import (
    KbnDatatableVisualizationState,
)
from kb_dashboard_core.panels.charts.heatmap.view import KbnHeatmapVisualizationState
from kb_dashboard_core.panels.charts.pie.view import KbnPieVisualizationState
from kb_dashboard_core.panels.charts.view import KbnLensPanel
from kb_dashboard_core.panels.charts.xy.view import KbnXYVisualizationState
from kb_dashboard_core.panels.search.view import KbnSearchPanel
from pydantic import ValidationError

PANELS = {"lens": KbnLensPanel, "search": KbnSearchPanel}
# What the model of a panel does not look into.
CHARTS = {
    "lnsDatatable": KbnDatatableVisualizationState,
    "lnsHeatmap": KbnHeatmapVisualizationState,
    "lnsPie": KbnPieVisualizationState,
    "lnsXY": KbnXYVisualizationState,
}


def errors(panel: dict[str, Any]) -> list[str]:
    """Return what is wrong with a panel."""
    try:
        PANELS[panel["type"]].model_validate_json(json.dumps(panel))
        if panel["type"] == "lens":
            attributes = panel["embeddableConfig"]["attributes"]
            chart = CHARTS[attributes["visualizationType"]]
            state = attributes["state"]["visualization"]
            chart.model_validate_json(json.dumps(state))
    except ValidationError as error:
        return [".".join(map(str, e["loc"])) + ": " + e["msg"] for e in error.errors()]
    return []


if __name__ == "__main__":
    json.dump([errors(panel) for panel in json.load(sys.stdin)], sys.stdout)
